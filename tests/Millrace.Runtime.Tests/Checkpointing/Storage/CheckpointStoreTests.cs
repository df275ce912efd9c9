#pragma warning disable xUnit1051 // The calls are short and blocking; a token would say nothing about the storage.

using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.Checkpointing.Storage;

public sealed partial class CheckpointStoreTests
{
    private readonly MemoryCheckpointStorage _storage = new();

    [Fact]
    public void Open_WhenThereIsNothing_BeginsWithTheFirstCheckpoint()
    {
        var opening = Store().Open();
        Assert.Equal((1, 1, null), (opening.Epoch, opening.NextCheckpointId, opening.Latest));
        Assert.Empty(opening.Damaged);
    }

    [Fact]
    public void A_new_start_finds_the_latest_and_reads_its_files()
    {
        var store = Opened();
        Take(store, 1, "one");
        var (_, folder) = Take(store, 2, "two");
        Assert.Equal("job/chk-2", folder);

        var next = Store();
        var opening = next.Open();
        Assert.Equal((2, 2), (opening.Epoch, opening.Latest!.CheckpointId));
        Assert.True(opening.NextCheckpointId > 2);
        Assert.Equal("two", ReadAll(next, opening.Latest));
    }

    [Fact]
    public void Numbers_of_checkpoints_that_came_to_nothing_are_not_used_again()
    {
        var store = Opened();
        for (int id = 1; id <= 25; id++)
        {
            store.CreateFiles(id).Discard();
        }

        Assert.True(Store().Open().NextCheckpointId > 25);
    }

    [Fact]
    public void Older_checkpoints_go_with_their_files_and_shared_ones_stay_as_long_as_one_names_them()
    {
        var store = Opened(retained: 1);
        var files = store.CreateFiles(1);
        var shared = Write(files, "s", "shared", isShared: true);
        store.Complete(Manifest(1, shared, Write(files, "a", "own")), files);
        files = store.CreateFiles(2);
        store.Complete(Manifest(2, shared, Write(files, "b", "own")), files);
        Assert.Contains(shared.Path, _storage.Files.Keys);
        Assert.DoesNotContain(_storage.Files.Keys, name => name.StartsWith("job/chk-1/", StringComparison.Ordinal));
        files = store.CreateFiles(3);
        store.Complete(Manifest(3, Write(files, "c", "own")), files);
        Assert.DoesNotContain(shared.Path, _storage.Files.Keys);
    }

    [Fact]
    public void A_shared_file_stays_while_a_checkpoint_under_way_may_name_it()
    {
        var store = Opened(retained: 1);
        var first = store.CreateFiles(1);
        var shared = Write(first, "s", "shared", isShared: true);
        store.Complete(Manifest(1, shared), first);
        var slow = store.CreateFiles(2);
        var fast = store.CreateFiles(3);
        store.Complete(Manifest(3, Write(fast, "x", "own")), fast);
        Assert.Contains(shared.Path, _storage.Files.Keys);
        store.Complete(Manifest(2, shared), slow);
        Assert.Contains(shared.Path, _storage.Files.Keys);
        Assert.Equal("shared", ReadAll(store, store.LatestUsable()!));
    }

    [Fact]
    public void A_checkpoint_that_names_a_file_that_is_gone_is_refused()
    {
        var store = Opened();
        var files = store.CreateFiles(1);
        Assert.Throws<InvalidOperationException>(() => store.Complete(Manifest(1, new StateFile("x", "job/shared/gone", 1, 1)), files));
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("missing")]
    [InlineData("manifest")]
    [InlineData("no manifest")]
    public void Where_the_latest_is_damaged_the_one_before_is_used(string damage)
    {
        var store = Opened();
        Take(store, 1, "one");
        var (manifest, _) = Take(store, 2, "two");
        string path = ManifestFiles.Of(manifest).Single().File.Path;
        switch (damage)
        {
            case "flip":
                _storage.Files[path] = [.. _storage.Files[path].Select((value, index) => index == 1 ? (byte)(value ^ 1) : value)];
                break;
            case "cut":
                _storage.Files[path] = _storage.Files[path][..^1];
                break;
            case "missing":
                _storage.Files.Remove(path);
                break;
            case "manifest":
                _storage.Files["job/chk-2/_metadata"][20] ^= 1;
                break;
            default:
                _storage.Files.Remove("job/chk-2/_metadata");
                break;
        }

        var next = Store();
        var opening = next.Open();
        Assert.Equal(1, opening.Latest!.CheckpointId);
        var damaged = Assert.Single(opening.Damaged);
        Assert.Equal((2, "job/chk-2"), (damaged.Id, damaged.Path));
        Assert.Contains("chk-2", damaged.Reason, StringComparison.Ordinal);

        // The good one outlives the damaged one.
        Take(next, opening.NextCheckpointId, "three");
        Assert.Equal([1, opening.NextCheckpointId], next.Retained.Select(item => item.Id));
    }

    [Fact]
    public void What_turns_out_damaged_later_is_not_used_again()
    {
        var store = Opened();
        Take(store, 1, "one");
        Take(store, 2, "two");
        Assert.True(store.MarkDamaged(store.LatestUsable()!, "a checksum was wrong while it was loaded"));
        Assert.Equal(1, store.LatestUsable()!.CheckpointId);
        Assert.Null(store.LatestUsable(1));
    }

    [Fact]
    public void What_the_user_does_not_go_on_from_is_not_fallen_back_to_either()
    {
        var before = Opened(retained: 3);
        Take(before, 1, "one");
        Take(before, 2, "two");
        var after = Opened(retained: 3);
        after.Abandon();
        Assert.Equal([1, 2], after.Retained.Select(retained => retained.Id));
        Take(after, 30, "of its own");
        Assert.Equal([30], after.Retained.Select(retained => retained.Id));
        Take(after, 31, "and another");
        Assert.Equal([30, 31], after.Retained.Select(retained => retained.Id));
    }

    [Fact]
    public void A_superseded_run_completes_nothing_and_deletes_nothing()
    {
        var old = Opened();
        Take(old, 1, "one");
        var files = old.CreateFiles(2);
        var written = Write(files, "x", "late");
        var successor = Store();
        Assert.Equal(1, successor.Open().Latest!.CheckpointId);
        Take(successor, 20, "new");
        Assert.Throws<CheckpointFencedException>(() => old.Complete(Manifest(2, written), files));
        Assert.Throws<CheckpointFencedException>(() => old.BeginEpoch());
        Assert.Throws<CheckpointFencedException>(() => old.EndJob(JobState.Finished));
        Assert.Equal(20, Store().Open().Latest!.CheckpointId);
    }

    [Fact]
    public void A_storage_that_is_full_fails_a_checkpoint_and_harms_no_other()
    {
        var store = Opened();
        Take(store, 1, "one");
        int calls = 0;
        for (int failing = 0; failing < 12; failing++)
        {
            int id = failing + 2;
            var files = store.CreateFiles(id);
            calls = 0;
            _storage.Before = (method, _) =>
            {
                if (method is "Create" or "Complete" or "TryCreate" or "Delete" && ++calls > failing)
                {
                    throw new IOException("full");
                }
            };
            try
            {
                store.Complete(Manifest(id, Write(files, "x", $"number {id}")), files);
            }
            catch (IOException)
            {
                files.Discard();
            }

            _storage.Before = static (_, _) => { };
            var latest = store.LatestUsable()!;
            Assert.Equal(latest.CheckpointId == 1 ? "one" : $"number {latest.CheckpointId}", ReadAll(store, latest));
        }

        Assert.NotEqual(1, store.LatestUsable()!.CheckpointId);
    }

    [Fact]
    public void A_completion_of_unknown_outcome_that_took_effect_is_whole()
    {
        var store = Opened();
        var files = store.CreateFiles(1);
        bool isBroken = false;
        string entry = "";
        _storage.Before = (method, name) =>
        {
            if (isBroken)
            {
                throw new IOException("gone");
            }

            if (method == "TryCreate" && name.Contains("/log/", StringComparison.Ordinal))
            {
                entry = name;
            }
            else if (entry.Length > 0)
            {
                isBroken = true;
                throw new IOException("gone");
            }
        };
        Assert.Throws<IOException>(() => store.Complete(Manifest(1, Write(files, "x", "kept")), files));
        _storage.Before = static (_, _) => { };
        files.Discard();

        Take(store, 2, "two");
        Assert.Equal([1, 2], store.Retained.Select(item => item.Id));
        Assert.Equal("kept", ReadAll(store, store.LatestUsable(2)!));
    }

    [Fact]
    public void Finished_removes_all_but_the_log_and_cancelled_keeps_what_the_options_say()
    {
        var store = Opened();
        Take(store, 1, "one");
        store.EndJob(JobState.Canceled);
        store = Store();
        Assert.Equal(1, store.Open().Latest!.CheckpointId);
        store.EndJob(JobState.Finished);
        Assert.All(_storage.Files.Keys, name => Assert.StartsWith("job/log/", name, StringComparison.Ordinal));
        var opening = Store(_storage, 2, configure: options => options.RunFinishedAgain = true).Open();
        Assert.Null(opening.Latest);
        Assert.Null(opening.FinishedAt);
        Assert.True(opening.NextCheckpointId > 1);
    }

    [Fact]
    public void A_savepoint_may_be_moved_claimed_and_disposed_of()
    {
        var store = Opened(retained: 1);
        var files = store.CreateSavepointFiles("saved/one", 1);
        string folder = store.CompleteSavepoint(Manifest(1, SnapshotKind.CanonicalSavepoint, Write(files, "x", "saved", isShared: true)), files);
        foreach (string name in _storage.Files.Keys.Where(name => name.StartsWith("saved/one/", StringComparison.Ordinal)).ToList())
        {
            _storage.Files[name.Replace("saved/one", "moved/there", StringComparison.Ordinal)] = _storage.Files[name];
        }

        store.DisposeSavepoint($"{folder}/_metadata");
        Assert.DoesNotContain(_storage.Files.Keys, name => name.StartsWith("saved/", StringComparison.Ordinal));
        Assert.Contains("moved/there", Assert.Throws<MillraceException>(() => store.ReadSavepoint("saved/one")).Message, StringComparison.Ordinal);

        var manifest = store.ReadSavepoint("memory/moved/there/_metadata");
        Assert.Equal("saved", ReadAll(store, manifest));
        store.Claim(manifest);
        Assert.Equal("MR4207", Assert.Throws<MillraceException>(() => store.DisposeSavepoint("moved/there")).Code);
        Assert.Equal(1, Store().Open().Latest!.CheckpointId);

        store = Store(retained: 1);
        Take(store, store.Open().NextCheckpointId, "own");
        Assert.All(_storage.Files.Keys, name => Assert.StartsWith("job/", name, StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_that_has_a_savepoint_or_is_the_jobs_own_is_refused()
    {
        var store = Opened();
        var files = store.CreateSavepointFiles("saved", 1);
        store.CompleteSavepoint(Manifest(1, SnapshotKind.NativeSavepoint), files);
        foreach (string folder in (string[])["saved", "job/shared", "job/chk-7", "../out", "job/log/x"])
        {
            Assert.Equal("MR4205", Assert.Throws<MillraceException>(() => store.CreateSavepointFiles(folder, 2)).Code);
        }
    }

    [Fact]
    public void Only_what_no_retained_checkpoint_names_is_removed() =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[0, 9].Array[1, 25]).Sample((retained, steps) =>
        {
            var storage = new MemoryCheckpointStorage();
            storage.Files["job/savepoints/mine/file"] = [1];
            storage.Files["job-2/chk-1/_metadata"] = [1];
            var store = Store(storage, retained);
            store.Open();
            List<(long Id, List<StateFile> Files)> model = [];
            long id = 0;
            foreach (int step in steps)
            {
                if (step == 9)
                {
                    store = Store(storage, retained);
                    id = store.Open().NextCheckpointId - 1;
                    continue;
                }

                var files = store.CreateFiles(++id);
                List<StateFile> named = [.. model.LastOrDefault().Files?.Where(file => CheckpointNames.IsShared(file.Path)).Skip(step % 3) ?? []];
                named.Add(Write(files, "own", $"own {id}"));
                named.Add(Write(files, "shared", $"shared {id}", isShared: true));
                if (step % 4 == 3)
                {
                    if (step == 3)
                    {
                        files.Discard();
                    }

                    continue;
                }

                store.Complete(Manifest(id, [.. named]), files);
                model.Add((id, named));
                model = [.. model.TakeLast(retained)];
                Assert.All(model.SelectMany(item => item.Files), file => Assert.Contains(file.Path, storage.Files.Keys));
            }

            Store(storage, retained).Open();
            string[] expected = ["job-2/chk-1/_metadata", "job/savepoints/mine/file", .. model.SelectMany(item => item.Files.Select(file => file.Path).Append($"job/chk-{item.Id}/_metadata")).Distinct()];
            Assert.Equal(expected.Order(StringComparer.Ordinal), storage.Files.Keys.Where(name => !name.StartsWith("job/log/", StringComparison.Ordinal)));
        }, iter: 300);

    [Fact]
    public void Small_state_is_inline_and_large_state_is_not_kept_in_memory()
    {
        var store = Store(_storage, 2, inline: 10);
        store.Open();
        var files = store.CreateFiles(1);
        var small = Write(files, "small", "0123456789");
        var large = Write(files, "large", "0123456789a");
        Assert.Equal(("", 10L), (small.Path, small.Length));
        Assert.StartsWith("job/chk-1/", large.Path, StringComparison.Ordinal);
        Assert.Equal(21, files.BytesWritten);
        var reader = store.CreateReader(Manifest(1, small, large));
        Assert.Equal("0123456789"u8, reader.ReadAll(small));
        Assert.Equal("0123456789a"u8, reader.ReadAll(large));
    }

    private static CheckpointStore Store(MemoryCheckpointStorage storage, int retained, int inline = 0, Action<CheckpointOptions>? configure = null)
    {
        var options = new CheckpointOptions { Retained = retained, InlineThreshold = inline };
        configure?.Invoke(options);
        return new CheckpointStore(storage, "job", options, TimeProvider.System, NullLogger.Instance);
    }

    private CheckpointStore Store(int retained = 2) => Store(_storage, retained);

    private CheckpointStore Opened(int retained = 2)
    {
        var store = Store(retained);
        store.Open();
        return store;
    }

    private static (CheckpointManifest Manifest, string Folder) Take(CheckpointStore store, long id, string content)
    {
        var files = store.CreateFiles(id);
        var manifest = Manifest(id, Write(files, "state", content));
        return (manifest, store.Complete(manifest, files));
    }

    private static StateFile Write(CheckpointFiles files, string name, string content, bool isShared = false) =>
        files.Write(name, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(content)), isShared, CancellationToken.None);

    private static string ReadAll(CheckpointStore store, CheckpointManifest manifest)
    {
        var reader = store.CreateReader(manifest);
        return string.Concat(ManifestFiles.All(manifest).Select(item => System.Text.Encoding.UTF8.GetString(reader.ReadAll(item.File))));
    }

    private static CheckpointManifest Manifest(long id, params StateFile[] files) => Manifest(id, SnapshotKind.Checkpoint, files);

    private static CheckpointManifest Manifest(long id, SnapshotKind kind, params StateFile[] files) => new(
        "job", "Job", id, 1, kind, 0, [new OperatorManifest("uid", "operator", 1, 128, false, null, [new OperatorSnapshot("uid", 0, new KeyedStateHandle("test", 128, new KeyGroupRange(0, 128), files, default), [])])], []);
}
