#pragma warning disable xUnit1051 // The calls are short and blocking; a token would say nothing about the storage.

using System.Diagnostics;
using Millrace.Checkpointing;
using Millrace.Shared;

namespace Millrace.Tests.Checkpointing;

public sealed class DirectoryCheckpointStorageTests : CheckpointStorageContract, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("millrace-storage-").FullName;

    public DirectoryCheckpointStorageTests()
    {
        Storage = new DirectoryCheckpointStorage(_root);
        Another = new DirectoryCheckpointStorage(_root);
    }

    protected override CheckpointStorage Storage { get; }

    protected override CheckpointStorage Another { get; }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Deleting_the_last_file_removes_its_folders()
    {
        Put("job/chk-1/deep/a", [1]);
        Put("job/chk-2/a", [1]);
        Storage.Delete(["job/chk-1/deep/a"]);
        Assert.Equal(["chk-2"], Directory.EnumerateDirectories(Path.Combine(_root, "job")).Select(Path.GetFileName));
        Storage.Delete(["job/chk-2/a"]);
        Assert.False(Directory.Exists(Path.Combine(_root, "job")));
        Assert.True(Directory.Exists(_root));
    }

    [Fact]
    public void Files_of_other_threads_come_and_go_while_folders_are_removed()
    {
        Together(6, number =>
        {
            for (int round = 0; round < 60; round++)
            {
                Put($"job/chk-1/{number}", [1]);
                Assert.True(Storage.TryCreate($"job/chk-1/new-{number}", [1]));
                Storage.Delete([$"job/chk-1/{number}", $"job/chk-1/new-{number}"]);
                _ = Storage.List("job");
            }
        });
        Assert.Empty(Storage.List(""));
    }

    [Fact]
    public void Import_and_export_give_the_same_file_another_name()
    {
        string local = Path.Combine(_root, ".local");
        File.WriteAllBytes(local, [1, 2, 3]);
        Assert.True(Storage.TryImport(local, "job/shared/a"));
        File.Delete(local);
        Assert.Equal([1, 2, 3], Get("job/shared/a"));

        Assert.True(Storage.TryExport("job/shared/a", local));
        Storage.Delete(["job/shared/a"]);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(local));
        Assert.Throws<FileNotFoundException>(() => Storage.TryExport("job/shared/a", local + "2"));
    }

    [Fact]
    public void An_import_is_never_where_other_processes_look_for_leftovers()
    {
        string local = Path.Combine(_root, ".local");
        File.WriteAllBytes(local, [1, 2, 3]);
        File.SetLastWriteTimeUtc(local, DateTime.UnixEpoch);

        // With a file in its place nothing can be in the folder that is swept.
        File.WriteAllBytes(Path.Combine(_root, ".tmp"), []);
        Assert.True(Storage.TryImport(local, "job/shared/a"));
        Assert.Equal([1, 2, 3], Get("job/shared/a"));

        // A name that is taken is left to whoever can replace what is there.
        File.WriteAllBytes(local + "2", [4]);
        Assert.False(Storage.TryImport(local + "2", "job/shared/a"));
        Assert.Equal([1, 2, 3], Get("job/shared/a"));
    }

    [Fact]
    public void Leftovers_of_a_process_that_was_killed_are_removed_and_files_in_use_are_not()
    {
        string temporary = Directory.CreateDirectory(Path.Combine(_root, ".tmp")).FullName;
        string dead = Path.Combine(temporary, "dead");
        string live = Path.Combine(temporary, "live");
        string young = Path.Combine(temporary, "young");
        File.WriteAllBytes(dead, [1]);
        File.WriteAllBytes(young, [1]);
        File.SetLastWriteTimeUtc(dead, DateTime.UnixEpoch);
        using (var writer = new FileStream(live, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            File.SetLastWriteTimeUtc(writer.SafeFileHandle, DateTime.UnixEpoch);
            Put("job/a", [1]);
            Assert.False(File.Exists(dead));
            Assert.True(File.Exists(live));
            Assert.True(File.Exists(young));
        }

        Assert.Equal(["job/a"], Storage.List("").Select(file => file.Name));
    }

    [Fact]
    public void Of_several_processes_that_create_the_same_files_each_file_has_one_winner()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "The other processes are shells with ln.");
        const int Files = 300;
        string others = Path.Combine(_root, "others");
        Directory.CreateDirectory(Path.Combine(_root, "race"));
        Directory.CreateDirectory(others);

        // Shells that create the same names in the only other way that is atomic: a hard link to a file of their own.
        var processes = Enumerable.Range(0, 3).Select(number => Process.Start(new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", $"echo {number} > {others}/own-{number}; i=0; while [ $i -lt {Files} ]; do ln {others}/own-{number} {_root}/race/$i 2>/dev/null && echo $i >> {others}/won-{number}; i=$((i+1)); done" },
        })!).ToList();
        int won = 0;
        for (int file = Files - 1; file >= 0; file--)
        {
            won += Storage.TryCreate($"race/{file}", "us"u8) ? 1 : 0;
        }

        foreach (var process in processes)
        {
            process.WaitForExit();
            process.Dispose();
        }

        int theirs = Enumerable.Range(0, 3).Select(number => Path.Combine(others, $"won-{number}")).Where(File.Exists).Sum(path => File.ReadAllLines(path).Length);
        Assert.Equal(Files, won + theirs);
        Assert.Equal(won, Storage.List("race").Count(file => Get(file.Name).AsSpan().SequenceEqual("us"u8)));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_an_IOException_that_names_it()
    {
        string file = Path.Combine(_root, "file");
        File.WriteAllBytes(file, [1]);
        var storage = new DirectoryCheckpointStorage(Path.Combine(file, "below"));
        var error = Assert.ThrowsAny<IOException>(() => storage.Create("job/a").Dispose());
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains(file, Assert.ThrowsAny<IOException>(() => storage.TryCreate("job/a", [1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_is_an_IOException_that_says_what_to_do()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/dev/full"), "Needs /dev/full.");
        var cause = Assert.ThrowsAny<IOException>(() =>
        {
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            full.Write(new byte[10]);
        });
        var error = FolderErrors.CannotWrite("/checkpoints/job/a", cause);
        Assert.Contains("/checkpoints/job/a", error.Message, StringComparison.Ordinal);
        Assert.Contains("Free space", error.Message, StringComparison.Ordinal);
    }
}
