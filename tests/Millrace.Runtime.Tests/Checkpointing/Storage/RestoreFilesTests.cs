using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.State.Snapshots;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.Checkpointing.Storage;

public class RestoreFilesTests
{
    private static readonly TypeSchema Anything = TypeSchema.Scalar("string");

    // Larger than what is verified, and so held in memory, before a byte of it is handed out: such a file is read in place.
    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    [InlineData(600_000)]
    public void OpenCanonical_FileOfAnySize_GivesItsParts(int bytes)
    {
        var storage = new MemoryCheckpointStorage();
        var store = new CheckpointStore(storage, "job", new CheckpointOptions(), TimeProvider.System, NullLogger.Instance);
        store.Open();
        var files = store.CreateSavepointFiles("savepoint", 7);
        byte[] entries = [.. Enumerable.Range(0, bytes).Select(index => (byte)index)];
        var file = files.Write(
            "keyed",
            stream =>
            {
                var writer = new CanonicalStateWriter(stream, 128);
                writer.BeginState(new StateHeader("state", KeyedStateKind.Value, Anything, Anything, Anything));
                writer.WriteChunk(3, 1, entries);
                writer.WriteChunk(9, 1, entries);
                writer.Complete();
            },
            isShared: false,
            TestContext.Current.CancellationToken);
        var manifest = new CheckpointManifest("job", "job", 7, 1, SnapshotKind.CanonicalSavepoint, 0, [], []);

        using var snapshot = new RestoreFiles(new CheckpointReader(storage, manifest)).OpenCanonical(file);

        var chunk = Assert.Single(snapshot.ReadChunks(snapshot.States[0], new KeyGroupRange(5, 100)));
        Assert.Equal(9, chunk.Group);
        Assert.Equal(entries, chunk.Entries.ToArray());
    }
}
