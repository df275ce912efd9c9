#pragma warning disable xUnit1051 // Nothing here is given up half way.
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Tests.Checkpointing.Storage;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.Checkpointing.LocalRecovery;

/// <summary>What a worker writes is kept, is read from its own disk as long as it is what the manifest names, and goes when no checkpoint needs it.</summary>
public sealed class LocalCopiesTests
{
    [Theory]
    [InlineData(100, false)]
    [InlineData(300_000, false)]
    [InlineData(300_000, true)]
    public void What_was_written_is_read_from_the_copy_and_not_from_the_storage(int length, bool isShared)
    {
        var rig = new CopiesRig();
        var file = rig.Write(1, length, isShared);
        Assert.Equal(rig.Storage.Files[file.Path], rig.Disk.Files[file.Path]);

        NobodyReads(rig.Storage);
        var (reader, restore) = rig.Reader(file);
        Assert.Equal(rig.Storage.Files[file.Path], reader.ReadAll(file));
        using (var stream = reader.OpenRead(file))
        {
            Assert.Equal(rig.Storage.Files[file.Path], ReadAll(stream));
        }

        using (var stream = reader.OpenSeekable(file))
        {
            stream.Position = length / 2;
            Assert.Equal(rig.Storage.Files[file.Path][length / 2], stream.ReadByte());
        }

        // However often it was opened.
        Assert.Equal(((1, length), (0, 0)), (restore.Local, restore.Stored));
        Assert.Empty(rig.Log.Ids);
    }

    [Theory]
    [InlineData("flipped", 100)]
    [InlineData("flipped", 300_000)]
    [InlineData("shorter", 300_000)]
    [InlineData("longer", 300_000)]
    [InlineData("empty", 100)]
    [InlineData("gone", 300_000)]
    [InlineData("unreadable", 300_000)]
    public void A_copy_that_is_damaged_or_gone_is_read_from_the_storage_and_named_once(string damage, int length)
    {
        var rig = new CopiesRig();
        var file = rig.Write(1, length);
        byte[] copy = rig.Disk.Files[file.Path];
        switch (damage)
        {
            case "flipped":
                rig.Disk.Files[file.Path] = [.. copy[..^1], (byte)(copy[^1] ^ 1)];
                break;
            case "shorter":
                rig.Disk.Files[file.Path] = copy[..^1];
                break;
            case "longer":
                rig.Disk.Files[file.Path] = [.. copy, 0];
                break;
            case "empty":
                rig.Disk.Files[file.Path] = [];
                break;
            case "gone":
                rig.Disk.Files.Remove(file.Path);
                break;
            default:
                Break(rig.Disk, nameof(CheckpointStorage.OpenRead), new IOException("It cannot be read."));
                break;
        }

        for (int i = 0; i < 2; i++)
        {
            var (reader, restore) = rig.Reader(file);
            using var stream = reader.OpenSeekable(file);
            Assert.Equal(rig.Storage.Files[file.Path], ReadAll(stream));
            Assert.Equal(((0, 0), (1, length)), (restore.Local, restore.Stored));
        }

        Assert.Contains(file.Path, Assert.Single(rig.Log.Of(3201)), StringComparison.Ordinal);
        Assert.Empty(rig.Disk.Files);
        Assert.Equal((0, 0), (rig.Copies.Count, rig.Copies.Bytes));
    }

    [Fact]
    public void A_copy_of_another_run_with_the_same_name_and_length_is_not_what_the_manifest_names()
    {
        // The storage was wiped, and a checkpoint of the same job and number is there again. That two files have one name has to be made up: names are random.
        var rig = new CopiesRig();
        var stale = rig.Write(1, 5_000);
        rig.Storage.Files.Clear();
        byte[] content = new byte[5_000];
        rig.Storage.Files[stale.Path] = content;
        var file = stale with { Checksum = System.IO.Hashing.XxHash3.HashToUInt64(content) };
        var (reader, restore) = rig.Reader(file);
        Assert.Equal(content, reader.ReadAll(file));
        Assert.Equal((1, 5_000), restore.Stored);
        Assert.Empty(rig.Disk.Files);
    }

    [Fact]
    public void Two_checkpoints_of_the_same_number_have_files_of_different_names()
    {
        var rig = new CopiesRig();
        string first = rig.Write(1).Path;
        rig.Restart();
        Assert.NotEqual(first, rig.Write(1).Path);
    }

    [Theory]
    [InlineData("Create")]
    [InlineData("Complete")]
    public void A_disk_that_takes_no_copy_is_no_error_of_the_checkpoint_and_is_said_once(string method)
    {
        var rig = new CopiesRig();
        Break(rig.Disk, method, new IOException("No space left on device."));
        StateFile[] files = [rig.Write(1), rig.Write(1)];
        Assert.All(files, file => Assert.Contains(file.Path, rig.Storage.Files.Keys));
        Assert.Empty(rig.Disk.Files);
        Assert.Equal([3202], rig.Log.Ids);

        rig.Disk.Before = static (_, _) => { };
        Assert.Contains(rig.Write(1).Path, rig.Disk.Files.Keys);
    }

    [Fact]
    public void A_disk_that_becomes_full_amid_a_file_has_no_copy_of_it_and_the_storage_all_of_it()
    {
        var rig = new CopiesRig();
        var disk = new FullDisk(rig.Disk) { Room = 60 };
        var files = new WorkerFiles(rig.Storage, CopiesRig.Job, 0, new LocalCopies(disk, long.MaxValue, rig.Log));
        var file = files.Of(new CheckpointBarrier(1, 0)).Write("state", Write, isShared: false, CancellationToken.None);
        Assert.Equal(100, rig.Storage.Files[file.Path].Length);
        Assert.Empty(rig.Disk.Files);
        Assert.Equal([3202], rig.Log.Ids);

        static void Write(Stream stream)
        {
            stream.Write(new byte[50]);
            stream.Write(new byte[50]);
        }
    }

    [Theory]
    [InlineData("Create")]
    [InlineData("Complete")]
    public void A_file_that_the_storage_does_not_take_has_no_copy(string method)
    {
        var rig = new CopiesRig();
        Break(rig.Storage, method, new IOException("The storage is away."));
        Assert.Throws<IOException>(() => rig.Write(1));
        Assert.Empty(rig.Disk.Files);
        Assert.Equal(0, rig.Copies.Count);
    }

    [Fact]
    public void What_the_latest_complete_checkpoint_does_not_name_goes_when_it_is_complete()
    {
        var rig = new CopiesRig();
        var (first, shared) = (rig.Write(1), rig.Write(1, isShared: true));
        rig.Acknowledge(1, first, shared);
        rig.Complete(1);
        AreKept(rig, first, shared);

        // One that is under way has been acknowledged, another has not.
        var second = rig.Write(2);
        rig.Acknowledge(2, second, shared);
        var third = rig.Write(3);
        AreKept(rig, first, shared, second, third);
        rig.Complete(2);
        AreKept(rig, shared, second, third);
        rig.Acknowledge(3, third);
        rig.Complete(3);
        AreKept(rig, third);
    }

    [Fact]
    public void What_was_written_for_a_checkpoint_that_came_to_nothing_goes_with_it_and_what_it_named_again_stays()
    {
        var rig = new CopiesRig();
        var shared = rig.Write(1, isShared: true);
        rig.Acknowledge(1, shared);
        rig.Complete(1);
        rig.Acknowledge(2, rig.Write(2), shared);
        rig.Discard(2);
        AreKept(rig, shared);
        Assert.Equal(rig.Storage.Files.Keys, rig.Disk.Files.Keys);
    }

    [Fact]
    public void A_savepoint_has_no_copies_and_does_not_end_those_of_checkpoints()
    {
        var rig = new CopiesRig();
        var file = rig.Write(1);
        rig.Acknowledge(1, file);
        rig.Complete(1);
        var savepoint = rig.Write(2, kind: SnapshotKind.NativeSavepoint);
        rig.Acknowledge(2, savepoint);
        rig.Complete(2);
        Assert.Contains(savepoint.Path, rig.Storage.Files.Keys);
        AreKept(rig, file);
    }

    [Fact]
    public void Another_process_of_the_same_name_finds_the_copies_and_a_restore_ends_those_that_its_checkpoint_does_not_name()
    {
        var rig = new CopiesRig();
        var (named, unnamed) = (rig.Write(1), rig.Write(1));
        rig.Disk.Files["other/chk-1/0123"] = new byte[7];
        rig.Restart();
        Assert.Equal((3, 207), (rig.Copies.Count, rig.Copies.Bytes));

        rig.Copies.RestoredFrom(CopiesRig.Job, CopiesRig.Manifest(1, named))();
        Assert.Equal([named.Path, "other/chk-1/0123"], rig.Disk.Files.Keys);
        Assert.DoesNotContain(unnamed.Path, rig.Disk.Files.Keys);
        NobodyReads(rig.Storage);
        Assert.Equal(100, rig.Reader(named).Reader.ReadAll(named).Length);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("savepoint")]
    [InlineData("of another job")]
    public void A_job_that_does_not_begin_with_a_checkpoint_of_its_own_needs_no_copies(string with)
    {
        var rig = new CopiesRig();
        var file = rig.Write(1);
        rig.Acknowledge(1, file);
        var manifest = CopiesRig.Manifest(99, file);
        rig.Copies.RestoredFrom(CopiesRig.Job, with switch
        {
            "none" => null,
            "savepoint" => manifest with { Kind = SnapshotKind.NativeSavepoint },
            _ => manifest with { JobId = "other" },
        })();
        Assert.Empty(rig.Disk.Files);

        // Numbers begin anew, and lower ones are no less new.
        var next = rig.Write(1);
        rig.Acknowledge(1, next);
        rig.Complete(1);
        AreKept(rig, next);
    }

    [Fact]
    public void The_oldest_copies_go_when_there_are_too_many_and_what_is_too_large_alone_is_not_copied()
    {
        var rig = new CopiesRig(maxBytes: 250);
        var files = Enumerable.Range(0, 3).Select(_ => rig.Write(1)).ToList();
        AreKept(rig, files[1], files[2]);
        rig.Write(1, length: 251);
        AreKept(rig, files[1], files[2]);
        Assert.Equal(200, rig.Copies.Bytes);

        // Once, and not for each of many files.
        rig.Write(1);
        rig.Write(1);
        Assert.Contains("250 bytes", Assert.Single(rig.Log.Of(3204)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_that_is_given_less_room_than_the_one_before_begins_with_what_fits()
    {
        var rig = new CopiesRig();
        rig.Write(1);
        rig.Write(1);
        Assert.Equal(1, new LocalCopies(rig.Disk, 100, rig.Log).Count);
        Assert.Single(rig.Disk.Files);
    }

    [Fact]
    public void A_copy_that_cannot_be_deleted_is_said_and_is_no_error()
    {
        var rig = new CopiesRig();
        rig.Acknowledge(1, rig.Write(1));
        Break(rig.Disk, nameof(CheckpointStorage.Delete), new UnauthorizedAccessException());
        rig.Write(2);
        rig.Complete(2);
        Assert.Equal([3203], rig.Log.Ids);
    }

    private static void AreKept(CopiesRig rig, params StateFile[] files)
    {
        Assert.Equal(files.Select(file => file.Path).Order(StringComparer.Ordinal), rig.Disk.Files.Keys);
        Assert.Equal((files.Length, files.Sum(file => file.Length)), (rig.Copies.Count, rig.Copies.Bytes));
    }

    private static void NobodyReads(MemoryCheckpointStorage storage) => Break(storage, nameof(CheckpointStorage.OpenRead), new InvalidOperationException("Somebody has read from the storage."));

    private static void Break(MemoryCheckpointStorage storage, string method, Exception error) => storage.Before = (called, _) =>
    {
        if (called == method)
        {
            throw error;
        }
    };

    private static byte[] ReadAll(Stream stream)
    {
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
