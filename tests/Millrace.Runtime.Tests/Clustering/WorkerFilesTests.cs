#pragma warning disable xUnit1051 // The calls are short and blocking; a token would say nothing about the storage.

using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Tests.Checkpointing.Storage;

namespace Millrace.Runtime.Tests.Clustering;

/// <summary>What a worker writes for checkpoints that somebody else leads.</summary>
public sealed class WorkerFilesTests
{
    private readonly MemoryCheckpointStorage _storage = new();
    private readonly WorkerFiles _files;

    public WorkerFilesTests() => _files = new WorkerFiles(_storage, "job", inlineThreshold: 0);

    [Fact]
    public void What_was_written_for_a_checkpoint_that_is_given_up_goes_and_what_is_complete_stays()
    {
        string kept = Write(1);
        string given = Write(2);
        _files.End(1, isDiscarded: false)();
        _files.End(2, isDiscarded: true)();
        Assert.Contains(kept, Names());
        Assert.DoesNotContain(given, Names());
    }

    [Fact]
    public void A_barrier_that_comes_when_its_checkpoint_is_over_gets_no_files()
    {
        Write(1);
        _files.End(1, isDiscarded: true);
        _files.End(2, isDiscarded: false);
        Assert.Throws<OperationCanceledException>(() => _files.Of(new CheckpointBarrier(1, 0)));
        Assert.Throws<OperationCanceledException>(() => _files.Of(new CheckpointBarrier(2, 0)));
        Write(3);
    }

    [Fact]
    public void Who_still_writes_when_its_checkpoint_was_discarded_is_told()
    {
        var files = _files.Of(new CheckpointBarrier(1, 0));
        _files.End(1, isDiscarded: true)();
        Assert.Throws<OperationCanceledException>(() => files.Write("late", stream => stream.WriteByte(1), isShared: false, CancellationToken.None));
        Assert.Empty(Names());
    }

    private string Write(long checkpoint) => _files.Of(new CheckpointBarrier(checkpoint, 0)).Write("state", stream => stream.WriteByte(1), isShared: false, CancellationToken.None).Path;

    private IEnumerable<string> Names() => _storage.List("").Select(file => file.Name);
}
