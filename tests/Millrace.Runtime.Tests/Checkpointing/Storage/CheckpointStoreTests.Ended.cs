#pragma warning disable xUnit1051 // The calls are short and blocking; a token would say nothing about the storage.

using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Runtime.Tests.Checkpointing.Storage;

/// <content>What the log says of a job that has ended, and what a new start makes of it.</content>
public sealed partial class CheckpointStoreTests
{
    [Fact]
    public void A_job_that_has_finished_begins_no_run_and_changes_nothing()
    {
        var store = Opened();
        Take(store, 1, "one");
        store.EndJob(JobState.Finished);
        string[] before = [.. _storage.Files.Keys];
        for (int start = 0; start < 2; start++)
        {
            var next = Store();
            var opening = next.Open();
            Assert.NotNull(opening.FinishedAt);
            Assert.Null(opening.Latest);
            Assert.Empty(next.Retained);
            Assert.Equal(before, _storage.Files.Keys);
        }

        // Asked for once, it runs, and is not over any more before it has finished once more.
        Assert.Null(Store(_storage, 2, configure: options => options.RunFinishedAgain = true).Open().FinishedAt);
        Assert.Null(Store().Open().FinishedAt);
    }

    [Fact]
    public void A_run_that_finishes_while_another_looks_at_the_log_is_seen()
    {
        var old = Opened();
        Take(old, 1, "one");
        bool isFirst = true;
        _storage.Before = (method, name) =>
        {
            // The other has read the head, and is about to put its epoch behind it.
            if (method == "TryCreate" && isFirst)
            {
                isFirst = false;
                old.EndJob(JobState.Finished);
            }
        };
        Assert.NotNull(Store().Open().FinishedAt);
    }

    [Fact]
    public void A_run_that_was_superseded_by_one_that_finished_does_not_begin_an_epoch_of_its_own()
    {
        var old = Opened();
        Take(old, 1, "one");
        int lists = 0;
        _storage.Before = (method, name) =>
        {
            // Behind the confirmation that nobody has begun, and before the log is read for the new epoch.
            if (method == "List" && ++lists == 2)
            {
                _storage.Before = static (_, _) => { };
                var successor = Store();
                successor.Open();
                successor.EndJob(JobState.Finished);
            }
        };
        Assert.Throws<CheckpointFencedException>(() => old.BeginEpoch());
        Assert.NotNull(Store().Open().FinishedAt);
    }

    [Fact]
    public void A_suspended_job_keeps_its_savepoint_until_it_has_completed_something()
    {
        var store = Opened();
        Take(store, 1, "one");
        Suspend(store, 2, "saved");
        for (int start = 0; start < 3; start++)
        {
            store = Store();
            Assert.Null(store.Open().Latest);
            Assert.Equal((2, "saved", ""), (store.StoppedWith!.Id, store.StoppedWith.Path, store.StoppedWith.InsteadOf));
            Assert.Equal("saved state", ReadAll(store, store.ReadStoppedWith()));
            store.BeginEpoch();
            Assert.NotNull(store.StoppedWith);
            if (start == 1)
            {
                store.EndJob(JobState.Canceled);
            }
        }

        Take(store, 40, "own");
        Assert.Null(store.StoppedWith);
        store = Store();
        Assert.Equal(40, store.Open().Latest!.CheckpointId);
        Assert.Null(store.StoppedWith);
        Assert.Contains("saved/_metadata", _storage.Files.Keys);
    }

    [Theory]
    [InlineData("finished")]
    [InlineData("cancelled")]
    [InlineData("claimed")]
    public void The_savepoint_of_a_suspended_job_is_forgotten_where_it_has_nothing_to_go_on_from_or_something_else(string end)
    {
        var store = Opened();
        Suspend(store, 2, "saved");
        store = Store(_storage, 2, configure: options => options.Retention = CheckpointRetention.DeleteOnCancellation);
        store.Open();
        switch (end)
        {
            case "finished":
                store.EndJob(JobState.Finished);
                break;
            case "cancelled":
                store.EndJob(JobState.Canceled);
                break;
            default:
                store.Claim(store.ReadStoppedWith());
                break;
        }

        Assert.Null(store.StoppedWith);
        Assert.Contains("saved/_metadata", _storage.Files.Keys);
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("damaged")]
    [InlineData("another")]
    public void A_savepoint_of_a_suspended_job_that_cannot_be_used_is_named(string what)
    {
        var store = Opened();
        Suspend(store, 2, "saved");
        switch (what)
        {
            case "gone":
                store.DisposeSavepoint("saved");
                break;
            case "damaged":
                _storage.Files["saved/_metadata"][20] ^= 1;
                break;
            default:
                store.DisposeSavepoint("saved");
                Suspend(store, 3, "saved");
                store = Store();
                store.Open();
                store.DisposeSavepoint("saved");
                var files = store.CreateSavepointFiles("saved", 77);
                store.CompleteSavepoint(Manifest(77, SnapshotKind.CanonicalSavepoint), files);
                break;
        }

        store = Store();
        store.Open();
        var error = Assert.Throws<MillraceException>(() => store.ReadStoppedWith());
        Assert.Equal("MR4208", error.Code);
        Assert.Contains("'saved'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_suspension_of_unknown_outcome_is_over_when_the_job_went_on_and_completed_a_checkpoint()
    {
        var store = Opened();
        Take(store, 1, "one");
        var files = store.CreateSavepointFiles("saved", 2);
        var manifest = Manifest(2, SnapshotKind.CanonicalSavepoint, Write(files, "state", "saved state"));
        store.CompleteSavepoint(manifest, files);
        bool isWritten = false;
        _storage.Before = (method, name) => isWritten = method == "TryCreate" || (isWritten ? throw new IOException("gone") : false);
        Assert.Throws<IOException>(() => store.EndJob(JobState.Suspended, manifest));
        _storage.Before = static (_, _) => { };

        // A restart finds that it was written, and a checkpoint that comes first makes it void.
        Assert.Null(store.StoppedWith);
        Take(store, 3, "three");
        Assert.Null(store.StoppedWith);
        store = Store();
        var opening = store.Open();
        Assert.Equal((3, null), (opening.Latest!.CheckpointId, store.StoppedWith));
    }

    private static void Suspend(CheckpointStore store, long id, string folder)
    {
        var files = store.CreateSavepointFiles(folder, id);
        var manifest = Manifest(id, SnapshotKind.CanonicalSavepoint, Write(files, "state", $"{folder} state"));
        store.CompleteSavepoint(manifest, files);
        store.EndJob(JobState.Suspended, manifest);
    }
}
