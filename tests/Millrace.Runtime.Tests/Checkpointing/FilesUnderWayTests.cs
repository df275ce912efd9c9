#pragma warning disable xUnit1051 // The calls are short and blocking; a token would say nothing about the storage.

using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Tests.Checkpointing.Storage;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.Checkpointing;

public sealed class FilesUnderWayTests
{
    private readonly MemoryCheckpointStorage _storage = new();
    private readonly CheckpointStore _store;
    private readonly FilesUnderWay _files;

    public FilesUnderWayTests()
    {
        _store = new CheckpointStore(_storage, "job", new CheckpointOptions { Retained = 1, InlineThreshold = 0 }, TimeProvider.System, NullLogger.Instance);
        _store.Open();
        _files = new FilesUnderWay(barrier => _store.CreateFiles(barrier.CheckpointId));
    }

    [Fact]
    public void Subtasks_that_write_at_the_same_moment_write_into_the_same_files()
    {
        const int Rounds = 2_000;
        var made = new CheckpointFiles[2][];
        using var together = new Barrier(2);
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(number => new Thread(() =>
        {
            made[number] = new CheckpointFiles[Rounds];
            for (int round = 0; round < Rounds; round++)
            {
                if (number == 0)
                {
                    _files.Begin(round + 1);
                }

                together.SignalAndWait();
                made[number][round] = _files.Of(new CheckpointBarrier(round + 1, 0));
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(made[0], made[1]);
        for (int round = 0; round < Rounds; round++)
        {
            _files.End(round + 1)();
        }

        MustDeleteWhatIsDropped(Rounds + 1);
    }

    [Fact]
    public void Who_writes_after_the_end_of_a_checkpoint_gets_no_files()
    {
        _files.Begin(1);
        _files.End(1)();
        Assert.Throws<OperationCanceledException>(() => _files.Of(new CheckpointBarrier(1, 0)));
        _files.Begin(2);
        Complete(2, "two");
        Assert.Throws<OperationCanceledException>(() => _files.Of(new CheckpointBarrier(2, 0)));
        Assert.Throws<OperationCanceledException>(() => _files.Of(new CheckpointBarrier(3, 0)));
        MustDeleteWhatIsDropped(4);
    }

    [Fact]
    public void Files_that_are_being_made_when_their_checkpoint_ends_are_discarded()
    {
        using var reached = new ManualResetEventSlim();
        using var mayGoOn = new ManualResetEventSlim();
        CheckpointFiles? made = null;
        var files = new FilesUnderWay(barrier =>
        {
            reached.Set();
            mayGoOn.Wait();
            return _store.CreateFiles(barrier.CheckpointId);
        });
        files.Begin(1);
        var subtask = new Thread(() => made = files.Of(new CheckpointBarrier(1, 0)));
        subtask.Start();
        reached.Wait();

        // The job's own thread does not wait for the storage.
        var discard = files.End(1);
        var background = new Thread(() => discard());
        background.Start();
        mayGoOn.Set();
        subtask.Join();
        background.Join();
        Assert.Throws<OperationCanceledException>(() => made!.Write("late", stream => stream.WriteByte(1), isShared: false, CancellationToken.None));
        MustDeleteWhatIsDropped(2);
    }

    [Fact]
    public void Who_comes_while_a_checkpoint_ends_leaves_nothing_under_way()
    {
        const int Rounds = 20_000;
        using var together = new Barrier(2);
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(number => new Thread(() =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                if (number == 0)
                {
                    _files.Begin(round);
                }

                together.SignalAndWait();
                if (number == 0)
                {
                    _files.End(round)();
                }
                else
                {
                    // It gets files that are discarded, or none.
                    _ = Record.Exception(() => _files.Of(new CheckpointBarrier(round, 0)));
                }
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        MustDeleteWhatIsDropped(Rounds + 1);
    }

    [Fact]
    public void A_snapshot_that_was_given_up_before_its_turn_makes_no_files()
    {
        var writer = new SnapshotWriter(_ => throw new InvalidOperationException("Files are made."), TimeProvider.System);
        Assert.Throws<OperationCanceledException>(() => writer.Write(new PendingSnapshot(new CheckpointBarrier(1, 0), false), new SubtaskId(0, 0), TimeSpan.Zero, new CancellationToken(true)));
    }

    /// <summary>What a checkpoint shared goes when it is dropped: the store believes nothing to be under way that is not.</summary>
    private void MustDeleteWhatIsDropped(long next)
    {
        _files.Begin(next);
        string shared = Complete(next, "shared");
        Assert.Contains(shared, _storage.Files.Keys);
        _files.Begin(next + 1);
        Complete(next + 1, "another");
        Assert.DoesNotContain(shared, _storage.Files.Keys);
    }

    private string Complete(long id, string content)
    {
        var files = _files.Of(new CheckpointBarrier(id, 0));
        var file = files.Write("state", stream => stream.Write(Encoding.UTF8.GetBytes(content)), isShared: true, CancellationToken.None);
        var state = new OperatorSnapshot("uid", 0, new KeyedStateHandle("test", 128, new KeyGroupRange(0, 128), [file], default), []);
        _store.Complete(new CheckpointManifest("job", "Job", id, 1, SnapshotKind.Checkpoint, 0, [new OperatorManifest("uid", "operator", 1, 128, false, null, [state])], []), files);
        _files.End(id)();
        return file.Path;
    }
}
