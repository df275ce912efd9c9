#pragma warning disable xUnit1051 // Nothing here is given up half way.
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Tests.Checkpointing.Storage;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.Checkpointing.LocalRecovery;

/// <summary>Files of a backend's own, which lie on the worker's disk already: a link makes a copy of them, and gives it back.</summary>
public sealed class LinkedCopiesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-copies-").FullName;
    private readonly MemoryCheckpointStorage _memory = new();
    private readonly KeptLog _log = new();
    private readonly LocalCopies _copies;

    public LinkedCopiesTests() => _copies = new LocalCopies(new DirectoryCheckpointStorage(Local("copies")), long.MaxValue, _log);

    public static TheoryData<bool, bool> Cases => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_file_comes_back_from_its_copy_and_the_storage_is_not_asked(bool linksIntoStorage, bool isShared)
    {
        CheckpointStorage storage = linksIntoStorage ? new DirectoryCheckpointStorage(Local("storage")) : _memory;
        var (file, content) = Upload(storage, isShared);
        Assert.Equal(content, File.ReadAllBytes(CopyOf(file)));
        storage.Delete([file.Path]);

        var (reader, restore) = Reader(storage, file);
        reader.AsNativeSource().Download(file, Local("back"), CancellationToken.None);
        Assert.Equal(content, File.ReadAllBytes(Local("back")));
        Assert.Equal((1, content.Length), restore.Local);

        // Only what nobody changes any more may be linked.
        File.AppendAllText(Local("back"), "more");
        Assert.Equal(isShared ? content.Length + 4 : content.Length, new FileInfo(CopyOf(file)).Length);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_damaged_copy_is_replaced_by_what_is_in_the_storage(bool linksIntoStorage, bool isShared)
    {
        CheckpointStorage storage = linksIntoStorage ? new DirectoryCheckpointStorage(Local("storage")) : _memory;
        var (file, content) = Upload(storage, isShared);

        // Another file in its place: a link to the storage is one file.
        File.Delete(CopyOf(file));
        File.WriteAllBytes(CopyOf(file), [.. content[..^1], (byte)(content[^1] ^ 1)]);
        var (reader, restore) = Reader(storage, file);
        reader.AsNativeSource().Download(file, Local("back"), CancellationToken.None);
        Assert.Equal(content, File.ReadAllBytes(Local("back")));
        Assert.Equal(((0, 0), (1, content.Length)), (restore.Local, restore.Stored));
        Assert.Equal([3201], _log.Ids);
        Assert.False(File.Exists(CopyOf(file)));
    }

    [Fact]
    public void A_restore_that_is_given_up_leaves_nothing_and_keeps_the_copy()
    {
        var (file, _) = Upload(_memory, isShared: true);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => Reader(_memory, file).Reader.AsNativeSource().Download(file, Local("back"), cancelled.Token));
        Assert.False(File.Exists(Local("back")));
        Assert.True(File.Exists(CopyOf(file)));
    }

    [Fact]
    public void A_file_is_linked_and_not_written_a_second_time()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links are not looked at there.");
        var (file, _) = Upload(_memory, isShared: true);
        File.AppendAllText(Local("db"), "more");
        Assert.Equal(file.Length + 4, new FileInfo(CopyOf(file)).Length);
    }

    private (StateFile File, byte[] Content) Upload(CheckpointStorage storage, bool isShared)
    {
        byte[] content = new byte[300_000];
        new Random(5).NextBytes(content);
        File.WriteAllBytes(Local("db"), content);
        var files = new WorkerFiles(storage, CopiesRig.Job, inlineThreshold: 10, _copies);
        return (files.Of(new CheckpointBarrier(1, 0)).AsNativeTarget().Upload(Local("db"), "000012.sst", isShared, CancellationToken.None), content);
    }

    private (CheckpointReader Reader, DeploymentRestore Restore) Reader(CheckpointStorage storage, StateFile file)
    {
        var restore = new DeploymentRestore(_copies);
        return (new CheckpointReader(storage, CopiesRig.Manifest(1, file), $"{CopiesRig.Job}/shared", restore), restore);
    }

    private string CopyOf(StateFile file) => Path.Combine(Local("copies"), file.Path);

    private string Local(string name) => Path.Combine(_folder, name);
}
