using System.Text;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class FileSinkTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private sealed record Row(int Id, string Name);

    private FileSink<Row> Sink(FileSinkOptions? options = null, FileFormat<Row>? format = null) =>
        new(_folder.Path, format ?? JsonFormat.Lines<Row>(), options ?? new FileSinkOptions());

    private static SinkBatch<Row> Rows(int from, int count) => Fakes.Batch(Enumerable.Range(from, count).Select(i => new Row(i, "x")).ToArray());

    private static async Task WriteAllAsync(FileSink<Row> sink, int from, int count, int subtask = 0, int parallelism = 1)
    {
        var context = Fakes.SinkContext(subtask, parallelism);
        var writer = sink.CreateWriter(context);
        await writer.WriteAsync(Rows(from, count), Cancel);
        await sink.CreateCommitter(context).CommitAsync(await writer.PrepareCommitAsync(1, true, Cancel), Cancel);
        await writer.CloseAsync();
    }

    [Fact]
    public async Task A_file_appears_under_its_name_only_when_committed()
    {
        var sink = Sink();
        sink.Validate();
        var writer = sink.CreateWriter(Fakes.SinkContext());
        await writer.WriteAsync(Rows(1, 2), Cancel);
        Assert.Equal([".part-0-0.jsonl.e1.inprogress"], _folder.Names());
        Assert.Empty(await writer.PrepareCommitAsync(1, false, Cancel));
        var prepared = await writer.PrepareCommitAsync(1, true, Cancel);
        await writer.CloseAsync();
        Assert.Equal([".part-0-0.jsonl.e1.c1.pending"], _folder.Names());
        await sink.CreateCommitter(Fakes.SinkContext()).CommitAsync(prepared, Cancel);
        Assert.Equal(["part-0-0.jsonl"], _folder.Names());
        Assert.Equal("{\"id\":1,\"name\":\"x\"}\n{\"id\":2,\"name\":\"x\"}\n", await File.ReadAllTextAsync(_folder["part-0-0.jsonl"], Cancel));
        var file = Assert.Single(prepared);
        Assert.Equal((2, new FileInfo(file.FinalPath).Length), (file.Records, file.Bytes));
    }

    [Fact]
    public async Task A_subtask_without_records_makes_no_file()
    {
        var writer = Sink().CreateWriter(Fakes.SinkContext());
        await writer.WriteAsync(Rows(1, 0), Cancel);
        Assert.Empty(await writer.PrepareCommitAsync(1, true, Cancel));
        await writer.CloseAsync();
        Assert.Empty(_folder.Names());
    }

    [Fact]
    public async Task Close_before_the_end_leaves_nothing_that_was_not_handed_over()
    {
        var writer = Sink(new FileSinkOptions { MaxFileSize = 1 }).CreateWriter(Fakes.SinkContext());
        await writer.WriteAsync(Rows(1, 1), Cancel);
        var handedOver = await writer.PrepareCommitAsync(1, false, Cancel);
        await writer.WriteAsync(Rows(2, 65), Cancel);
        await writer.CloseAsync();
        Assert.Equal([".part-0-0.jsonl.e1.c1.pending"], _folder.Names());
        Assert.Single(handedOver);
    }

    [Fact]
    public async Task Every_checkpoint_completes_the_file()
    {
        var writer = Sink().CreateWriter(Fakes.SinkContext(checkpoints: true));
        await writer.WriteAsync(Rows(1, 3), Cancel);
        Assert.Equal(3, Assert.Single(await writer.PrepareCommitAsync(1, false, Cancel)).Records);
        Assert.Empty(await writer.PrepareCommitAsync(1, false, Cancel));
        await writer.CloseAsync();
    }

    [Fact]
    public async Task Files_roll_by_size()
    {
        var writer = Sink(new FileSinkOptions { MaxFileSize = 1000, FlushToDisk = false }).CreateWriter(Fakes.SinkContext());
        await writer.WriteAsync(Rows(0, 640), Cancel);
        var files = await writer.PrepareCommitAsync(1, true, Cancel);
        Assert.Equal(10, files.Count);
        Assert.All(files, f => Assert.Equal(64, f.Records));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"part-0-{i}.jsonl"), files.Select(f => Path.GetFileName(f.FinalPath)));
        await writer.CloseAsync();
    }

    [Fact]
    public async Task Files_roll_by_age_and_by_inactivity_on_write_and_on_prepare()
    {
        var time = new FakeTimeProvider();
        var options = new FileSinkOptions { RolloverInterval = TimeSpan.FromSeconds(10), InactivityInterval = TimeSpan.FromSeconds(3), FlushToDisk = false };
        var writer = Sink(options).CreateWriter(Fakes.SinkContext(time: time));
        for (int second = 0; second < 10; second++)
        {
            await writer.WriteAsync(Rows(second, 1), Cancel);
            Assert.Empty(await writer.PrepareCommitAsync(1, false, Cancel));
            time.Advance(TimeSpan.FromSeconds(1));
        }

        await writer.WriteAsync(Rows(10, 1), Cancel);
        Assert.Equal(10, Assert.Single(await writer.PrepareCommitAsync(1, false, Cancel)).Records);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Empty(await writer.PrepareCommitAsync(1, false, Cancel));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, Assert.Single(await writer.PrepareCommitAsync(1, false, Cancel)).Records);
        await writer.CloseAsync();
    }

    [Fact]
    public async Task A_repeated_commit_is_a_success_and_a_lost_file_an_error()
    {
        var sink = Sink();
        var writer = sink.CreateWriter(Fakes.SinkContext());
        await writer.WriteAsync(Rows(1, 1), Cancel);
        var prepared = await writer.PrepareCommitAsync(1, true, Cancel);
        var committer = sink.CreateCommitter(Fakes.SinkContext());
        await committer.CommitAsync(prepared, Cancel);
        await committer.CommitAsync(prepared, Cancel);
        Assert.Equal(["part-0-0.jsonl"], _folder.Names());
        File.Delete(_folder["part-0-0.jsonl"]);
        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await committer.CommitAsync(prepared, Cancel));
        Assert.Equal("MR7106", error.Code);
    }

    [Fact]
    public async Task A_taken_name_is_an_error_and_nothing_is_overwritten()
    {
        var sink = Sink();
        var writer = sink.CreateWriter(Fakes.SinkContext());
        await writer.WriteAsync(Rows(1, 1), Cancel);
        var prepared = await writer.PrepareCommitAsync(1, true, Cancel);
        _folder.Write("part-0-0.jsonl", "mine");
        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await sink.CreateCommitter(Fakes.SinkContext()).CommitAsync(prepared, Cancel));
        Assert.Equal("MR7106", error.Code);
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder["part-0-0.jsonl"], Cancel));
    }

    [Fact]
    public async Task After_a_crash_the_dead_writers_file_goes_and_a_pending_one_can_still_be_committed()
    {
        var options = new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Append };
        var dead = Sink(options).CreateWriter(Fakes.SinkContext(checkpoints: true));
        await dead.WriteAsync(Rows(1, 1), Cancel);
        var prepared = await dead.PrepareCommitAsync(1, false, Cancel);
        await dead.WriteAsync(Rows(2, 1), Cancel);
        Assert.Equal([".part-0-0.jsonl.e1.c1.pending", ".part-0-1.jsonl.e1.inprogress"], _folder.Names());

        // The process dies here; the checkpoint names the pending file.
        var sink = Sink(options);
        var writer = sink.CreateWriter(Fakes.SinkContext(checkpoints: true) with { Epoch = 2, RestoredCheckpointId = 1 });
        Assert.Equal([".part-0-0.jsonl.e1.c1.pending"], _folder.Names());
        await sink.CreateCommitter(Fakes.SinkContext()).CommitAsync(prepared, Cancel);
        await writer.WriteAsync(Rows(2, 1), Cancel);
        await sink.CreateCommitter(Fakes.SinkContext()).CommitAsync(await writer.PrepareCommitAsync(1, true, Cancel), Cancel);
        Assert.Equal(["part-0-0.jsonl", "part-0-1.jsonl"], _folder.Names());
        await dead.CloseAsync();
    }

    [Fact]
    public async Task Fail_names_the_folder_and_the_choices()
    {
        await WriteAllAsync(Sink(), 1, 1);
        var error = Assert.Throws<ConnectorException>(Sink().Validate);
        Assert.Equal("MR7105", error.Code);
        string[] parts = [_folder.Path, "part-0-0.jsonl", "Append", "Overwrite"];
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Sink(new FileSinkOptions { Prefix = "other" }).Validate();
    }

    [Fact]
    public async Task Append_takes_the_next_numbers()
    {
        var options = new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Append };
        _folder.Write("part-0-11.jsonl", "");
        _folder.Write("part-1-99.jsonl", "");
        await WriteAllAsync(Sink(options), 1, 1);
        Assert.Equal(["part-0-11.jsonl", "part-0-12.jsonl", "part-1-99.jsonl"], _folder.Names());
    }

    [Fact]
    public async Task Overwrite_deletes_what_has_the_sinks_naming_and_nothing_else_and_only_once()
    {
        string[] others = ["part-0-0.csv", "part-0-0.jsonl.bak", "part-0.jsonl", "part-a-0.jsonl", "part-0--1.jsonl", ".part-0-1.jsonl.e1.pending", ".part-0-1.jsonl.pending", "notes.txt", "apart-0-0.jsonl"];
        string[] own = ["part-0-7.jsonl", "part-5-0.jsonl", ".part-0-8.jsonl.e9.c4.pending", ".part-1-0.jsonl.e1.inprogress"];
        foreach (string name in others.Concat(own))
        {
            _folder.Write(name, "");
        }

        var sink = Sink(new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Overwrite });
        sink.Validate();
        await WriteAllAsync(sink, 1, 1, 0, 2);
        await WriteAllAsync(sink, 1, 1, 1, 2);

        // A subtask that starts again after a failure goes on behind its own files.
        await WriteAllAsync(sink, 2, 1, 0, 2);
        Assert.Equal(others.Append("part-0-0.jsonl").Append("part-1-0.jsonl").Append("part-0-1.jsonl").Order(StringComparer.Ordinal), _folder.Names());
    }

    [Fact]
    public void Validate_refuses_a_format_that_is_only_read() =>
        Assert.Equal("MR7103", Assert.Throws<ConnectorException>(Sink(format: JsonFormat.Array<Row>()).Validate).Code);

    [Fact]
    public void Senseless_options_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Sink(new FileSinkOptions { MaxFileSize = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sink(new FileSinkOptions { RolloverInterval = TimeSpan.Zero }));
        Assert.Throws<ArgumentException>(() => Sink(new FileSinkOptions { Prefix = "../x" }));
        Assert.Throws<ArgumentException>(() => Sink(new FileSinkOptions { Prefix = "" }));
    }

    [Fact]
    public async Task Csv_files_each_have_a_header()
    {
        var sink = Sink(new FileSinkOptions { MaxFileSize = 1, FlushToDisk = false }, CsvFormat.Of<Row>());
        await WriteAllAsync(sink, 1, 65);
        Assert.StartsWith("Id,Name\n1,x\n", await File.ReadAllTextAsync(_folder["part-0-0.csv"], Cancel), StringComparison.Ordinal);
        Assert.Equal("Id,Name\n65,x\n", await File.ReadAllTextAsync(_folder["part-0-1.csv"], Cancel));
    }

    [Fact]
    public async Task What_a_sink_writes_a_source_reads_whatever_the_batches_and_file_sizes() =>
        await Gen.Select(Gen.Int[0, 100].Array[0, 12], Gen.Int[1, 3000], Gen.Bool, Gen.String).SampleAsync(
            async (batches, size, csv, name) =>
            {
                using var folder = new TempFolder();
                string text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name));
                FileFormat<Row> format = csv ? CsvFormat.Of<Row>() : JsonFormat.Lines<Row>();
                var sink = new FileSink<Row>(folder.Path, format, new FileSinkOptions { MaxFileSize = size, FlushToDisk = false });
                var writer = sink.CreateWriter(Fakes.SinkContext());
                var committer = sink.CreateCommitter(Fakes.SinkContext());
                var expected = new List<Row>();
                foreach (int count in batches)
                {
                    var rows = Enumerable.Range(expected.Count, count).Select(i => new Row(i, text)).ToArray();
                    expected.AddRange(rows);
                    await writer.WriteAsync(Fakes.Batch(rows), CancellationToken.None);
                    await committer.CommitAsync(await writer.PrepareCommitAsync(1, false, CancellationToken.None), CancellationToken.None);
                }

                await committer.CommitAsync(await writer.PrepareCommitAsync(1, true, CancellationToken.None), CancellationToken.None);
                await writer.CloseAsync();
                if (expected.Count > 0)
                {
                    Assert.Equal(expected, new FileSource<Row>(folder.Path, format).Run().Drain(50).Records.OrderBy(r => r.Id));
                }
            },
            iter: 100);
}
