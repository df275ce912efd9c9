using CsCheck;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

/// <summary>What attempts leave behind, and what the next one makes of it.</summary>
public sealed class FileSinkRestoreTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private FileSink<int> Sink(WhenFolderHasFiles whenFolderHasFiles = WhenFolderHasFiles.Fail) =>
        new(_folder.Path, JsonFormat.Lines<int>(), new FileSinkOptions { WhenFolderHasFiles = whenFolderHasFiles, FlushToDisk = false });

    private static SinkWriterContext Attempt(long epoch, long? restored, int subtask = 0, int parallelism = 1) =>
        Fakes.SinkContext(subtask, parallelism, checkpoints: true) with { Epoch = epoch, RestoredCheckpointId = restored };

    [Fact]
    public void A_restored_writer_removes_what_is_nobodys_and_nothing_else()
    {
        string[] stay =
        [
            "part-0-0.jsonl",
            ".part-0-1.jsonl.e1.c4.pending", // of the restored checkpoint
            ".part-0-2.jsonl.e2.c3.pending", // of an earlier one: its commit may be under way
            ".part-0-3.jsonl.e3.c9.pending", // of this attempt
            ".part-0-4.jsonl.e4.inprogress", // of a later attempt: this one is the dead one
            ".part-1-0.jsonl.e1.c5.pending", // another subtask's to remove
            ".part-1-1.jsonl.e1.inprogress",
            ".other-0-1.jsonl.e1.c5.pending",
            ".part-0-1.csv.e1.inprogress",
        ];
        string[] go = [".part-0-5.jsonl.e1.c5.pending", ".part-0-6.jsonl.e2.c7.pending", ".part-0-7.jsonl.e2.inprogress", ".part-2-0.jsonl.e1.c5.pending", ".part-4-0.jsonl.e1.inprogress"];
        foreach (string name in stay.Concat(go))
        {
            _folder.Write(name, "");
        }

        Sink(WhenFolderHasFiles.Overwrite).CreateWriter(Attempt(epoch: 3, restored: 4, subtask: 0, parallelism: 2));
        Assert.Equal(stay.Order(StringComparer.Ordinal), _folder.Names());
    }

    [Fact]
    public void Where_no_checkpoint_was_completed_everything_of_dead_attempts_goes()
    {
        _folder.Write(".part-0-0.jsonl.e1.c1.pending", "");
        _folder.Write(".part-0-1.jsonl.e1.inprogress", "");
        Sink().CreateWriter(Attempt(epoch: 2, restored: null));
        Assert.Empty(_folder.Names());
    }

    [Fact]
    public void A_pending_file_of_a_higher_epoch_is_left_alone_where_checkpoints_were_deleted()
    {
        _folder.Write(".part-0-7.jsonl.e25.c80.pending", "");
        _folder.Write(".part-0-8.jsonl.e25.inprogress", "");
        Sink(WhenFolderHasFiles.Append).CreateWriter(Attempt(epoch: 1, restored: null));
        Assert.Equal([".part-0-7.jsonl.e25.c80.pending"], _folder.Names());
    }

    [Fact]
    public void With_checkpoints_Fail_refuses_a_job_that_begins_anew_and_no_other()
    {
        _folder.Write("part-0-0.jsonl", "1\n");
        var options = new ExecutionOptions { Checkpoints = { Storage = new Millrace.Checkpointing.DirectoryCheckpointStorage(_folder["checkpoints"]) } };
        Sink().Validate(options);
        Sink().CreateWriter(Attempt(epoch: 2, restored: 1));
        var error = Assert.Throws<NonRecoverableException>(() => Sink().CreateWriter(Attempt(epoch: 1, restored: null)));
        Assert.Equal("MR7105", Assert.IsType<ConnectorException>(error.InnerException).Code);
        Assert.Throws<ConnectorException>(() => Sink().Validate(new ExecutionOptions()));
    }

    [Fact]
    public async Task Overwrite_keeps_the_files_of_a_job_that_goes_on()
    {
        _folder.Write("part-0-3.jsonl", "1\n");
        var writer = Sink(WhenFolderHasFiles.Overwrite).CreateWriter(Attempt(epoch: 2, restored: 1));
        await writer.WriteAsync(Fakes.Batch(2), Cancel);
        Assert.Equal("part-0-4.jsonl", Path.GetFileName(Assert.Single(await writer.PrepareCommitAsync(2, false, Cancel)).FinalPath));
        Assert.True(File.Exists(_folder["part-0-3.jsonl"]));
        await writer.CloseAsync();
    }

    [Fact]
    public async Task Numbers_go_on_behind_those_of_the_checkpoint_whatever_the_folder_shows()
    {
        var before = Attempt(epoch: 1, restored: null);
        var dead = Sink().CreateWriter(before);
        await dead.WriteAsync(Fakes.Batch(1), Cancel);
        var prepared = Assert.Single(await dead.PrepareCommitAsync(1, false, Cancel));
        dead.SnapshotState(1);

        // The new writer lists the folder just while the file is renamed, and sees neither name.
        File.Move(prepared.PendingPath, _folder["aside"]);
        var writer = Sink().CreateWriter(Attempt(epoch: 2, restored: 1) with { State = before.State });
        await writer.WriteAsync(Fakes.Batch(2), Cancel);
        Assert.Equal("part-0-1.jsonl", Path.GetFileName(Assert.Single(await writer.PrepareCommitAsync(2, false, Cancel)).FinalPath));
        await writer.CloseAsync();
        await dead.CloseAsync();
    }

    [Fact]
    public async Task An_attempt_that_only_seemed_dead_does_not_touch_the_files_of_the_next()
    {
        var zombie = Sink().CreateWriter(Attempt(epoch: 1, restored: null));
        await zombie.WriteAsync(Fakes.Batch(1), Cancel);
        await zombie.PrepareCommitAsync(1, false, Cancel);
        var writer = Sink().CreateWriter(Attempt(epoch: 2, restored: null));
        await writer.WriteAsync(Fakes.Batch(2), Cancel);
        await zombie.WriteAsync(Fakes.Batch(3), Cancel);
        await zombie.PrepareCommitAsync(2, false, Cancel);
        await zombie.CloseAsync();
        var prepared = await writer.PrepareCommitAsync(2, false, Cancel);
        await Sink().CreateCommitter(Attempt(epoch: 2, restored: null)).CommitAsync(prepared, Cancel);
        Assert.Equal("2\n", await File.ReadAllTextAsync(Assert.Single(prepared).FinalPath, Cancel));
        await writer.CloseAsync();
    }

    /// <summary>Random records, checkpoints, crashes with and without the last checkpoint complete, half-done commits, and another parallelism at each restart.</summary>
    [Fact]
    public Task Whatever_crashes_every_record_is_in_one_file_once() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[0, 5], Gen.Int[0, 3], Gen.Bool).Array[1, 12].SampleAsync(
            async attempts =>
            {
                using var folder = new TempFolder();
                var restored = new List<PendingFile>();
                var numbers = new List<long>();
                var durable = new List<int>();
                long? completed = null;
                int next = 0;
                long epoch = 0;
                foreach (var (parallelism, records, commits, completes) in attempts)
                {
                    epoch++;
                    var sink = new FileSink<int>(folder.Path, JsonFormat.Lines<int>(), new FileSinkOptions { FlushToDisk = false, MaxFileSize = 40 });
                    var contexts = Enumerable.Range(0, parallelism).Select(i => Attempt(epoch, completed, i, parallelism)).ToList();
                    var writers = new List<CommittingSinkWriter<int, PendingFile>>();
                    for (int i = 0; i < parallelism; i++)
                    {
                        // A subtask commits its share, which is not what it wrote itself, and is opened; others may still be committing.
                        await sink.CreateCommitter(contexts[i]).CommitAsync([.. restored.Where((_, index) => index % parallelism == parallelism - 1 - i)], CancellationToken.None);
                        contexts[i].State.GetUnionListState(new Millrace.State.ListStateDescriptor<long>("file-numbers")).Update(numbers);
                        writers.Add(sink.CreateWriter(contexts[i]));
                    }

                    // One checkpoint that becomes complete, and one that may not.
                    for (int checkpoint = 0; checkpoint < 2; checkpoint++)
                    {
                        long id = (completed ?? 0) + 1;
                        var written = Enumerable.Range(next, records * parallelism).ToList();
                        var prepared = new List<PendingFile>();
                        for (int i = 0; i < parallelism; i++)
                        {
                            await writers[i].WriteAsync(Fakes.Batch(written.Where(record => record % parallelism == i).ToArray()), CancellationToken.None);
                            prepared.AddRange(await writers[i].PrepareCommitAsync(id, false, CancellationToken.None));
                            writers[i].SnapshotState(id);
                        }

                        if (checkpoint == 0 || completes)
                        {
                            completed = id;
                            next += written.Count;
                            durable.AddRange(written);
                            restored = prepared;
                            numbers = [.. contexts.SelectMany(context => context.State.GetUnionListState(new Millrace.State.ListStateDescriptor<long>("file-numbers")).Items)];
                            int committed = checkpoint == 0 ? prepared.Count : commits;
                            await sink.CreateCommitter(contexts[0]).CommitAsync([.. prepared.Take(committed)], CancellationToken.None);
                        }
                    }

                    foreach (var writer in writers)
                    {
                        await writer.WriteAsync(Fakes.Batch(-1), CancellationToken.None);
                    }

                    // The process dies: nobody is closed.
                }

                var last = new FileSink<int>(folder.Path, JsonFormat.Lines<int>(), new FileSinkOptions { FlushToDisk = false });
                await last.CreateCommitter(Attempt(epoch + 1, completed)).CommitAsync(restored, CancellationToken.None);
                last.CreateWriter(Attempt(epoch + 1, completed));
                Assert.All(folder.Names(), name => Assert.False(name.StartsWith('.'), name));
                Assert.Equal(durable, folder.Names().SelectMany(name => File.ReadLines(folder[name])).Select(int.Parse).Order());
            },
            iter: 200,
            threads: 1);
}
