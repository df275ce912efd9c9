#pragma warning disable xUnit1051 // Nothing here is given up half way.
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.Checkpointing.Storage;

public sealed class NativeFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-native-").FullName;
    private readonly CheckpointStore _store;

    public NativeFilesTests()
    {
        _store = new CheckpointStore(new DirectoryCheckpointStorage(Local("storage")), "job", new CheckpointOptions { InlineThreshold = 10 }, TimeProvider.System, NullLogger.Instance);
        _store.Open();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(5, true)]
    [InlineData(5_000, true)]
    [InlineData(5_000, false)]
    [InlineData(600_000, false)]
    public void A_file_comes_back_as_it_was(int length, bool isShared)
    {
        var (reader, file, content) = Upload(length, isShared);
        reader.AsNativeSource().Download(file, Local("back"), CancellationToken.None);
        Assert.Equal(content, File.ReadAllBytes(Local("back")));
    }

    [Fact]
    public void Whoever_changes_a_file_that_is_not_shared_does_not_change_the_checkpoint()
    {
        var (reader, file, content) = Upload(5_000, isShared: false);
        reader.AsNativeSource().Download(file, Local("back"), CancellationToken.None);
        File.AppendAllText(Local("back"), "more");
        Assert.Equal(content, reader.ReadAll(file));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_file_is_named_and_does_not_stay(bool isShared)
    {
        var (reader, file, content) = Upload(5_000, isShared);
        content[^1] ^= 1;
        File.WriteAllBytes(Path.Combine(Local("storage"), file.Path), content);
        var error = Assert.Throws<MillraceException>(() => reader.AsNativeSource().Download(file, Local("back"), CancellationToken.None));
        Assert.Contains(file.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains("operator 'counts'", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Local("back")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_download_that_is_given_up_leaves_nothing(bool isShared)
    {
        var (reader, file, _) = Upload(600_000, isShared);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => reader.AsNativeSource().Download(file, Local("back"), cancelled.Token));
        Assert.False(File.Exists(Local("back")));
    }

    [Fact]
    public void Only_shared_files_of_a_checkpoint_that_the_job_keeps_may_be_named_again()
    {
        var (reader, shared, _) = Upload(5_000, isShared: true);
        Assert.True(reader.AsNativeSource().MayShare(shared));
        Assert.False(reader.AsNativeSource().MayShare(shared with { Path = "job/chk-1/0123" }));
        Assert.False(reader.AsNativeSource().MayShare(shared with { Path = "", Inline = new byte[5_000] }));

        // Another run of the job, and a job that only starts from this one's checkpoint.
        var next = new CheckpointStore(new DirectoryCheckpointStorage(Local("storage")), "job", new CheckpointOptions(), TimeProvider.System, NullLogger.Instance);
        Assert.True(next.CreateReader(next.Open().Latest!).AsNativeSource().MayShare(shared));
        var other = new CheckpointStore(new DirectoryCheckpointStorage(Local("storage")), "other", new CheckpointOptions(), TimeProvider.System, NullLogger.Instance);
        other.Open();
        Assert.False(other.CreateReader(reader.Manifest).AsNativeSource().MayShare(shared));

        // Read from its folder, as a savepoint is, it is not known whether anybody keeps it.
        Assert.False(new CheckpointReader(new DirectoryCheckpointStorage(Local("storage")), reader.Manifest).AsNativeSource().MayShare(shared));
    }

    [Fact]
    public void What_is_given_up_is_removed_also_where_it_is_still_being_written()
    {
        var files = _store.CreateFiles(1);
        files.Write("a", stream => stream.Write(new byte[100]), isShared: true, CancellationToken.None);
        Assert.Throws<OperationCanceledException>(() => files.Write("b", stream =>
        {
            stream.Write(new byte[100]);
            files.Discard();
        }, isShared: true, CancellationToken.None));
        Assert.All(new DirectoryCheckpointStorage(Local("storage")).List("job"), file => Assert.StartsWith("job/log/", file.Name, StringComparison.Ordinal));
    }

    private (CheckpointReader Reader, StateFile File, byte[] Content) Upload(int length, bool isShared)
    {
        var content = new byte[length];
        new Random(5).NextBytes(content);
        File.WriteAllBytes(Local("db"), content);
        var files = _store.CreateFiles(1);
        var file = files.AsNativeTarget().Upload(Local("db"), "000012.sst", isShared, CancellationToken.None);
        File.Delete(Local("db"));
        var keyed = new KeyedStateHandle("native", 128, new KeyGroupRange(0, 128), [file], default);
        var manifest = new CheckpointManifest("job", "Job", 1, 1, SnapshotKind.Checkpoint, 0, [new OperatorManifest("uid", "counts", 1, 128, false, null, [new OperatorSnapshot("uid", 0, keyed, [])])], []);
        _store.Complete(manifest, files);
        return (_store.CreateReader(manifest), file, content);
    }

    private string Local(string name) => Path.Combine(_folder, name);
}
