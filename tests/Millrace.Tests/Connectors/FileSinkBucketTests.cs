using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class FileSinkBucketTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 28, 9, 59, 30, TimeSpan.Zero));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private FileSink<int> Sink(BucketAssigner<int>? buckets, FileSinkOptions? options = null, FileFormat<int>? format = null) =>
        new(_folder["out"], format ?? JsonFormat.Lines<int>(), options ?? new FileSinkOptions { FlushToDisk = false }) { Buckets = buckets };

    private Dictionary<string, int[]> Files() => Directory.EnumerateFiles(_folder["out"], "*", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetRelativePath(_folder["out"], file), file => File.ReadLines(file).Select(int.Parse).ToArray());

    private async Task WriteAsync(FileSink<int> sink, params SinkBatch<int>[] batches)
    {
        var context = Fakes.SinkContext(time: _time, checkpoints: true);
        var writer = sink.CreateWriter(context);
        foreach (var batch in batches)
        {
            await writer.WriteAsync(batch, Cancel);
        }

        await sink.CreateCommitter(context).CommitAsync(await writer.PrepareCommitAsync(1, true, Cancel), Cancel);
        await writer.CloseAsync();
    }

    [Fact]
    public async Task Records_go_into_the_folder_of_their_bucket_in_their_order()
    {
        await WriteAsync(Sink(BucketAssigner.By<int>(n => n % 2 == 0 ? "even" : n == 9 ? "" : $"odd/{n % 3}")), Fakes.Batch(1, 2, 4, 3, 9, 6), Fakes.Batch(8, 7));
        var files = Files();
        Assert.Equal(["even/part-0-1.jsonl", "odd/0/part-0-2.jsonl", "odd/1/part-0-0.jsonl", "part-0-3.jsonl"], files.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([2, 4, 6, 8], files["even/part-0-1.jsonl"]);
        Assert.Equal([1, 7], files["odd/1/part-0-0.jsonl"]);
        Assert.Equal([3], files["odd/0/part-0-2.jsonl"]);
    }

    [Fact]
    public async Task Buckets_by_event_time_are_those_of_the_record_in_UTC()
    {
        long Time(int hour, int minute) => new DateTimeOffset(2001, 2, 3, hour, minute, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        await WriteAsync(Sink(BucketAssigner.ByEventTime<int>()), new SinkBatch<int>(new[] { 1, 2, 3, 4 }, new[] { Time(4, 59), Time(5, 0), Time(4, 0), -1L }));
        var files = Files();
        Assert.Equal([1, 3], files["2001-02-03--04/part-0-0.jsonl"]);
        Assert.Equal([2], files["2001-02-03--05/part-0-1.jsonl"]);
        Assert.Equal([4], files["1969-12-31--23/part-0-2.jsonl"]);
    }

    [Fact]
    public async Task A_record_without_a_timestamp_has_no_bucket_by_event_time()
    {
        var writer = Sink(BucketAssigner.ByEventTime<int>()).CreateWriter(Fakes.SinkContext(time: _time));
        var error = await Assert.ThrowsAsync<ConnectorException>(() => writer.WriteAsync(Fakes.Batch(1), Cancel).AsTask());
        Assert.Equal("MR7103", error.Code);
        await writer.CloseAsync();
    }

    [Fact]
    public async Task Buckets_by_processing_time_follow_the_clock_and_each_file_rolls_by_its_own_age()
    {
        var sink = Sink(BucketAssigner.ByProcessingTime<int>("yyyy-MM-dd/HH"), new FileSinkOptions { FlushToDisk = false, InactivityInterval = TimeSpan.FromSeconds(50) });
        var writer = sink.CreateWriter(Fakes.SinkContext(time: _time));
        await writer.WriteAsync(Fakes.Batch(1), Cancel);
        _time.Advance(TimeSpan.FromSeconds(40));
        await writer.WriteAsync(Fakes.Batch(2), Cancel);
        Assert.Empty(await writer.PrepareCommitAsync(1, false, Cancel));
        _time.Advance(TimeSpan.FromSeconds(15));
        var old = Assert.Single(await writer.PrepareCommitAsync(2, false, Cancel));
        Assert.EndsWith("2026-11-28/09/part-0-0.jsonl", old.FinalPath, StringComparison.Ordinal);
        Assert.EndsWith("2026-11-28/10/part-0-1.jsonl", Assert.Single(await writer.PrepareCommitAsync(3, true, Cancel)).FinalPath, StringComparison.Ordinal);
        await writer.CloseAsync();
    }

    [Theory]
    [InlineData("../out2")]
    [InlineData("/tmp")]
    [InlineData(".hidden")]
    [InlineData("a/_b")]
    [InlineData("a//b")]
    [InlineData(null)]
    public async Task A_bucket_that_is_no_folder_of_the_sink_is_an_error(string? bucket)
    {
        var writer = Sink(BucketAssigner.By<int>(_ => bucket!)).CreateWriter(Fakes.SinkContext(time: _time));
        Assert.Equal("MR7103", (await Assert.ThrowsAsync<ConnectorException>(() => writer.WriteAsync(Fakes.Batch(1), Cancel).AsTask())).Code);
        await writer.CloseAsync();
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Csv_files_of_buckets_have_a_header_each()
    {
        var sink = new FileSink<Row>(_folder["out"], CsvFormat.Of<Row>(), new FileSinkOptions { FlushToDisk = false }) { Buckets = BucketAssigner.By<Row>(row => row.Name) };
        var context = Fakes.SinkContext(time: _time, checkpoints: true);
        var writer = sink.CreateWriter(context);
        await writer.WriteAsync(Fakes.Batch(new Row(1, "a"), new Row(2, "b"), new Row(3, "a")), Cancel);
        await sink.CreateCommitter(context).CommitAsync(await writer.PrepareCommitAsync(1, true, Cancel), Cancel);
        await writer.CloseAsync();
        Assert.Equal("Id,Name\n1,a\n3,a\n", await File.ReadAllTextAsync(_folder["out/a/part-0-0.csv"], Cancel));
        Assert.Equal("Id,Name\n2,b\n", await File.ReadAllTextAsync(_folder["out/b/part-0-1.csv"], Cancel));
    }

    private sealed record Row(int Id, string Name);

    [Fact]
    public void A_restored_writer_removes_what_is_nobodys_in_all_buckets_and_the_folder_is_seen_as_a_whole()
    {
        string[] stay = ["a/part-0-0.jsonl", "a/.part-0-1.jsonl.e1.c4.pending", "b/c/.part-1-0.jsonl.e1.c5.pending"];
        string[] go = ["a/.part-0-5.jsonl.e1.c5.pending", "b/c/.part-0-7.jsonl.e2.inprogress"];
        foreach (string name in stay.Concat(go))
        {
            _folder.Write($"out/{name}", "");
        }

        Assert.Equal("MR7105", Assert.Throws<ConnectorException>(Sink(BucketAssigner.By<int>(_ => "a")).Validate).Code);
        Sink(BucketAssigner.By<int>(_ => "a")).CreateWriter(Fakes.SinkContext(0, 2, _time, checkpoints: true) with { Epoch = 3, RestoredCheckpointId = 4 });
        Assert.Equal(stay.Order(StringComparer.Ordinal), Files().Keys.Order(StringComparer.Ordinal));
    }

    /// <summary>Attempts that die at any point, with the last checkpoint complete or not.</summary>
    [Fact]
    public Task Whatever_crashes_every_record_is_in_one_file_of_its_bucket_once() => Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9], Gen.Bool, Gen.Bool).Array[1, 8].SampleAsync(
        async attempts =>
        {
            using var folder = new TempFolder();
            var durable = new List<int>();
            IReadOnlyList<PendingFile> restored = [];
            long? completed = null;
            long epoch = 0;
            var numbers = new List<long>();
            int next = 0;
            foreach (var (records, lost, completes, commits) in attempts)
            {
                var sink = new FileSink<int>(folder.Path, JsonFormat.Lines<int>(), new FileSinkOptions { FlushToDisk = false, MaxFileSize = 6 }) { Buckets = BucketAssigner.By<int>(n => $"b{n % 3}") };
                var context = Fakes.SinkContext(checkpoints: true, time: new FakeTimeProvider()) with { Epoch = ++epoch, RestoredCheckpointId = completed };
                await sink.CreateCommitter(context).CommitAsync(restored, CancellationToken.None);
                context.State.GetUnionListState(new Millrace.State.ListStateDescriptor<long>("file-numbers")).Update(numbers);
                var writer = sink.CreateWriter(context);
                int[] written = [.. Enumerable.Range(next, records)];
                await writer.WriteAsync(Fakes.Batch(written), CancellationToken.None);
                var prepared = await writer.PrepareCommitAsync((completed ?? 0) + 1, false, CancellationToken.None);
                writer.SnapshotState((completed ?? 0) + 1);
                if (completes)
                {
                    completed = (completed ?? 0) + 1;
                    next += records;
                    durable.AddRange(written);
                    restored = prepared;
                    numbers = [.. context.State.GetUnionListState(new Millrace.State.ListStateDescriptor<long>("file-numbers")).Items];
                    if (commits)
                    {
                        await sink.CreateCommitter(context).CommitAsync(prepared, CancellationToken.None);
                    }
                }

                await writer.WriteAsync(Fakes.Batch(Enumerable.Repeat(-1, lost).ToArray()), CancellationToken.None);
            }

            var last = new FileSink<int>(folder.Path, JsonFormat.Lines<int>(), new FileSinkOptions { FlushToDisk = false }) { Buckets = BucketAssigner.By<int>(n => $"b{n % 3}") };
            var end = Fakes.SinkContext(checkpoints: true) with { Epoch = epoch + 1, RestoredCheckpointId = completed };
            await last.CreateCommitter(end).CommitAsync(restored, CancellationToken.None);
            last.CreateWriter(end);
            var files = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).ToList();
            Assert.All(files, file => Assert.NotEqual('.', Path.GetFileName(file)[0]));
            Assert.All(files, file => Assert.All(File.ReadLines(file), line => Assert.Equal($"b{int.Parse(line) % 3}", Path.GetFileName(Path.GetDirectoryName(file)))));
            Assert.Equal(durable, files.SelectMany(File.ReadLines).Select(int.Parse).Order());
        },
        iter: 150,
        threads: 1);
}
