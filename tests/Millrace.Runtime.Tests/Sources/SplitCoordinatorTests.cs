using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Sources;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Sources;

/// <summary>An enumerator that goes on while readers are made anew.</summary>
public sealed class SplitCoordinatorTests
{
    private readonly SimulatedScheduler _scheduler = new(1);
    private readonly PartSource _source = new("a", "b", "c");
    private readonly SplitCoordinator<long, Part, int> _coordinator;

    public SplitCoordinatorTests()
    {
        _coordinator = new SplitCoordinator<long, Part, int>(
            _scheduler, "parts", _source, 2, error => throw new InvalidOperationException("The enumerator failed.", error), new SerializerProvider(new SerializerRegistry()).Get<int>());
    }

    [Fact]
    public void An_answer_that_comes_when_the_reader_is_another_already_is_read_once()
    {
        var old = Start(0);
        var next = new Reader();
        _source.During = () =>
        {
            // What the restart of the reader's region does meanwhile, on other threads.
            _coordinator.ResetReader(0, restoredCheckpointId: null);
            _coordinator.Register(0, next);
            _coordinator.ReaderStarted(0);
        };
        _coordinator.RequestSplit(0);
        _scheduler.RunUntilIdle();

        Assert.Equal(["a"], old.Splits);
        Assert.Empty(next.Splits);
        Assert.Equal(["b", "c", "a"], _source.Left);

        _coordinator.RequestSplit(0);
        _scheduler.RunUntilIdle();
        Assert.Equal(["b"], next.Splits);
    }

    [Fact]
    public void A_request_that_waits_while_the_reader_is_replaced_is_not_answered_to_the_new_one()
    {
        Start(0);
        var next = new Reader();
        _coordinator.RequestSplit(0);
        _coordinator.ResetReader(0, restoredCheckpointId: null);
        _coordinator.Register(0, next);
        _scheduler.RunUntilIdle();

        Assert.Empty(next.Splits);
        Assert.Equal(["b", "c", "a"], _source.Left);
    }

    [Fact]
    public void What_is_meant_for_a_reader_that_is_being_made_waits_for_it()
    {
        Start(0);
        Start(1);
        _coordinator.ResetReader(0, restoredCheckpointId: null);

        // An enumerator may give splits to whom it likes.
        _source.GivesTo = 0;
        _coordinator.RequestSplit(1);
        _scheduler.RunUntilIdle();
        var next = new Reader();
        _coordinator.Register(0, next);
        _scheduler.RunUntilIdle();
        Assert.Equal(["a"], next.Splits);

        // It counts as given: should the new reader fail as well, it comes back.
        _coordinator.ResetReader(0, restoredCheckpointId: null);
        _scheduler.RunUntilIdle();
        Assert.Equal(["b", "c", "a"], _source.Left);
    }

    [Fact]
    public void What_was_given_before_the_restored_checkpoint_does_not_come_back()
    {
        Start(0);
        _coordinator.RequestSplit(0);
        _coordinator.Checkpoint(new CheckpointBarrier(1, 0), [0], (_, _) => { });
        _coordinator.RequestSplit(0);
        _coordinator.ResetReader(0, restoredCheckpointId: 1);
        _scheduler.RunUntilIdle();

        Assert.Equal(["c", "b"], _source.Left);
    }

    [Fact]
    public void Splits_of_one_turn_reach_the_reader_in_one()
    {
        // A reader that reads the first and says how far it has come, before it knows of the second, makes what is in that late.
        _source.GivesAtOnce = 3;
        var reader = Start(0);
        _coordinator.RequestSplit(0);
        _scheduler.RunUntilIdle();

        Assert.Equal(["a", "b", "c", "no more"], reader.Splits);
        Assert.Equal(1, reader.Times);
    }

    [Fact]
    public void What_no_reader_has_is_told_after_each_turn()
    {
        Assert.Equal(Backlog.NotKnown, _coordinator.Unassigned);
        Start(0);
        Assert.Equal(new Backlog(3, 30), _coordinator.Unassigned);
        _coordinator.RequestSplit(0);
        _scheduler.RunUntilIdle();
        Assert.Equal(new Backlog(2, 20), _coordinator.Unassigned);
        _coordinator.ResetReader(0, restoredCheckpointId: null);
        _scheduler.RunUntilIdle();
        Assert.Equal(new Backlog(3, 30), _coordinator.Unassigned);
    }

    [Fact]
    public void What_is_done_in_turn_comes_behind_a_checkpoint_that_began_before()
    {
        var reader = Start(0);
        _coordinator.RequestSplit(0);
        _coordinator.Checkpoint(new CheckpointBarrier(1, 0), [0], (_, _) => { });
        _coordinator.InTurn(() => reader.Splits.Add("then"));
        _scheduler.RunUntilIdle();
        Assert.Equal(["a", "checkpoint 1", "then"], reader.Splits);
    }

    private Reader Start(int subtask)
    {
        var reader = new Reader();
        _coordinator.Register(subtask, reader);
        _coordinator.ReaderStarted(subtask);
        _scheduler.RunUntilIdle();
        return reader;
    }

    public sealed record Part(string SplitId) : ISourceSplit;

    private sealed class Reader : ISplitReceiver<Part>
    {
        public List<string> Splits { get; } = [];

        public int Times { get; private set; }

        public void AddSplits(IReadOnlyList<Part> splits)
        {
            Times++;
            Splits.AddRange(splits.Select(split => split.SplitId));
        }

        public void NoMoreSplits() => Splits.Add("no more");

        public void AlignTo(long watermark) => Splits.Add($"to {watermark}");

        public void TriggerCheckpoint(CheckpointBarrier barrier) => Splits.Add($"checkpoint {barrier.CheckpointId}");
    }

    private sealed class PartSource(params string[] parts) : Source<long, Part, int>
    {
        public List<string> Left { get; } = [.. parts];

        public Action? During { get; set; }

        public int? GivesTo { get; set; }

        public int GivesAtOnce { get; set; } = 1;

        public override Boundedness Boundedness => Boundedness.Unbounded;

        public override SplitEnumerator<Part, int> CreateEnumerator(SplitEnumeratorContext<Part> context, int restored, bool isRestored) => new Enumerator(this, context);

        public override SourceReader<long, Part> CreateReader(SourceReaderContext context) => throw new InvalidOperationException("Nobody asks.");

        private sealed class Enumerator(PartSource source, SplitEnumeratorContext<Part> context) : SplitEnumerator<Part, int>
        {
            public override long? PendingRecords => source.Left.Count;

            public override long? PendingBytes => source.Left.Count * 10;

            public override void Start()
            {
            }

            public override void HandleSplitRequest(int subtask)
            {
                for (int given = 0; given < source.GivesAtOnce; given++)
                {
                    string part = source.Left[0];
                    source.Left.RemoveAt(0);
                    source.During?.Invoke();
                    source.During = null;
                    context.Assign(new Part(part), source.GivesTo ?? subtask);
                }

                if (source.GivesAtOnce > 1)
                {
                    context.NoMoreSplits(subtask);
                }
            }

            public override void AddSplitsBack(IReadOnlyList<Part> splits, int subtask) => source.Left.AddRange(splits.Select(split => split.SplitId));

            public override int Snapshot(long checkpointId) => 0;
        }
    }
}
