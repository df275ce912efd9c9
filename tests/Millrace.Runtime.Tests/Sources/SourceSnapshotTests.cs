using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tests.Operators;

namespace Millrace.Runtime.Tests.Sources;

/// <summary>What a source knows at a barrier, and what it begins with after a restore.</summary>
public sealed class SourceSnapshotTests
{
    [Fact]
    public void A_split_that_is_assigned_while_a_snapshot_is_due_belongs_behind_it()
    {
        var test = new SourceUnderTest();
        test.Operator.AddSplits([new Part("before", 0)]);
        test.Operator.TriggerCheckpoint(Barrier(1));
        test.Operator.AddSplits([new Part("behind", 0)]);
        test.Rig.DrainMailbox();

        // The enumerator's own snapshot was taken at the trigger, and has the second still as its own: in both, it would be read twice.
        Assert.Equal(["before"], test.SplitsIn(1));
        Assert.Equal(["before", "behind"], test.Splits.Select(part => part.SplitId));
        Assert.Equal(["before", "behind"], test.SplitsIn(2));
    }

    [Fact]
    public void A_split_that_was_held_back_for_a_checkpoint_that_came_to_nothing_is_read()
    {
        var test = new SourceUnderTest();
        test.Operator.TriggerCheckpoint(Barrier(1));
        test.Operator.AddSplits([new Part("a", 0)]);
        test.Rig.DrainMailbox();
        Assert.Empty(test.Splits);
        test.Operator.CheckpointAborted(1);
        Assert.Equal("a", Assert.Single(test.Splits).SplitId);
    }

    [Fact]
    public void A_split_that_was_held_back_belongs_before_the_next_barrier()
    {
        var test = new SourceUnderTest();
        test.Operator.TriggerCheckpoint(Barrier(1));
        test.Operator.AddSplits([new Part("a", 0)]);
        test.Operator.TriggerCheckpoint(Barrier(2));
        test.Operator.AddSplits([new Part("b", 0)]);
        test.Rig.DrainMailbox();
        Assert.Equal(["a"], test.SplitsIn(2));
        Assert.Equal(["a", "b"], test.Splits.Select(part => part.SplitId));
    }

    [Fact]
    public void A_split_behind_a_trigger_whose_abort_has_overtaken_it_is_read_at_once()
    {
        var test = new SourceUnderTest();
        test.Abort(1);
        test.Operator.TriggerCheckpoint(Barrier(1));
        test.Operator.AddSplits([new Part("a", 0)]);
        test.Rig.DrainMailbox();
        Assert.Equal("a", Assert.Single(test.Splits).SplitId);
    }

    [Fact]
    public void A_split_that_is_held_back_waits_for_its_own_snapshot_whatever_becomes_of_later_ones()
    {
        var test = new SourceUnderTest();
        test.Operator.TriggerCheckpoint(Barrier(1));
        test.Operator.AddSplits([new Part("a", 0)]);
        test.Rig.DrainMailbox();
        test.Abort(2);
        Assert.Empty(test.SplitsIn(1));
        Assert.Equal("a", Assert.Single(test.Splits).SplitId);
    }

    [Fact]
    public void Splits_between_two_triggers_belong_to_the_second_snapshot_alone()
    {
        var test = new SourceUnderTest();
        test.Operator.TriggerCheckpoint(Barrier(1));
        test.Operator.AddSplits([new Part("between", 0)]);
        test.Operator.TriggerCheckpoint(Barrier(2));
        test.Operator.AddSplits([new Part("behind", 0)]);
        test.Rig.DrainMailbox();
        Assert.Empty(test.SplitsIn(1));
        Assert.Equal(["between"], test.SplitsIn(2));
        Assert.Equal(["between", "behind"], test.Splits.Select(part => part.SplitId));
    }

    [Fact]
    public void Splits_behind_a_trigger_that_came_to_nothing_wait_for_the_one_before_it()
    {
        var test = new SourceUnderTest();
        test.Operator.TriggerCheckpoint(Barrier(1));
        test.Operator.AddSplits([new Part("between", 0)]);
        test.Operator.TriggerCheckpoint(Barrier(2));
        test.Operator.AddSplits([new Part("behind", 0)]);
        test.Rig.DrainMailbox();
        test.Abort(2);
        Assert.Empty(test.SplitsIn(1));
        Assert.Equal(["between", "behind"], test.Splits.Select(part => part.SplitId));
    }

    [Fact]
    public void Restored_splits_hold_the_watermark_at_the_least_of_them_from_the_first_moment()
    {
        var before = new SourceUnderTest();
        foreach (string id in (string[])["far", "near"])
        {
            before.Operator.AddSplits([new Part(id, 0)]);
        }

        before.Rig.DrainMailbox();
        before.Read(output =>
        {
            output.ForSplit("far").EmitWatermark(900);
            output.ForSplit("near").EmitWatermark(100);
        });

        var after = new SourceUnderTest(before.Snapshot(1));
        Assert.Equal(["W100"], after.Tap.Elements);
    }

    private static CheckpointBarrier Barrier(long id) => new(id, 0);

    public sealed record Part(string SplitId, long Position) : ISourceSplit;

    private sealed class SourceUnderTest : Source<long, Part, int>, ISplitCoordinator
    {
        private readonly Runtime.Tasks.TaskInput _input;
        private readonly BarrierHandler _barriers = new();
        private Action<ReaderOutput<long>>? _next;

        public SourceUnderTest(IReadOnlyList<OperatorStateSnapshot>? restored = null)
        {
            Operator = new SourceOperator<long, Part, int>(this, WatermarkStrategy<long>.NoWatermarks()) { Coordinator = this };
            Rig = new OperatorRig(Operator, takesCheckpoints: true, trigger: barrier => _barriers.Trigger(barrier));
            Operator.Output.Connect(Tap);
            _input = Operator.CreateInput();
            if (restored is not null)
            {
                Operator.Restore(new OperatorRestore(1, KeyedStateHandle.Canonical, [], restored, null, IsSameParallelism: true));
            }

            Operator.Open();
        }

        public SourceOperator<long, Part, int> Operator { get; }

        public OperatorRig Rig { get; }

        public Tap<long> Tap { get; } = new();

        public List<Part> Splits { get; } = [];

        public override Boundedness Boundedness => Boundedness.Unbounded;

        /// <summary>As a subtask hears of it.</summary>
        public void Abort(long checkpointId)
        {
            _barriers.Abort(checkpointId);
            Operator.CheckpointAborted(checkpointId);
        }

        public void Read(Action<ReaderOutput<long>> read)
        {
            _next = read;
            _input.Poll();
        }

        public IReadOnlyList<OperatorStateSnapshot> Snapshot(long checkpointId)
        {
            var pending = new PendingOperatorSnapshot(Barrier(checkpointId), "uid");
            Operator.Snapshot(pending);
            return pending.Operator;
        }

        public IReadOnlyList<string> SplitsIn(long checkpointId)
        {
            var serializer = new SerializerProvider(new SerializerRegistry()).Get<Part>();
            return [.. Snapshot(checkpointId).Where(list => list.Name == ".splits").SelectMany(list => list.Items).Select(item =>
            {
                var input = new Millrace.Serialization.BinaryInput(item.Span);
                return serializer.Read(ref input).SplitId;
            })];
        }

        public void ReaderStarted(int subtask)
        {
        }

        public void ReportWatermark(int subtask, string group, long watermark)
        {
        }

        public void RequestSplit(int subtask)
        {
        }

        public override SplitEnumerator<Part, int> CreateEnumerator(SplitEnumeratorContext<Part> context, int restored, bool isRestored) => throw new InvalidOperationException("Nobody asks.");

        public override SourceReader<long, Part> CreateReader(SourceReaderContext context) => new Reader(this);

        private sealed class Reader(SourceUnderTest test) : SourceReader<long, Part>
        {
            public override void AddSplits(IReadOnlyList<Part> splits) => test.Splits.AddRange(splits);

            public override void NoMoreSplits()
            {
            }

            public override ReadStatus Read(ReaderOutput<long> output, int maxRecords)
            {
                test._next?.Invoke(output);
                test._next = null;
                return ReadStatus.NothingAvailable;
            }

            public override IReadOnlyList<Part> Snapshot(long checkpointId) => [.. test.Splits];
        }
    }
}
