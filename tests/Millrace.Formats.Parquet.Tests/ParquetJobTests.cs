using Millrace.Connectors;
using Millrace.Testing;
using Millrace.Tests.Connectors;

namespace Millrace.Formats.Parquet.Tests;

/// <summary>Source and sink of Parquet in jobs, and under the kit of connector authors.</summary>
public sealed class ParquetJobTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private int _places;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<Row> ReadFolder(string place) => !Directory.Exists(place) ? [] : Directory.EnumerateFiles(place, "*.parquet", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(file)[0] != '.').SelectMany(file => ParquetFormat.Of<Row>().ReadFile(file));

    [Fact]
    public void The_source_conforms()
    {
        for (int i = 0; i < 3; i++)
        {
            _folder.Write($"in/{i}.parquet", Rows.File(Enumerable.Range(i * 20, 20).Select(n => new Row(n, $"n{n}")), new ParquetOptions { RowGroupRows = 7 }));
        }

        SourceConformance.Check(
            () => new FileSource<Row>(_folder["in"], ParquetFormat.Of<Row>()), Enumerable.Range(0, 60).Select(n => new Row(n, $"n{n}")), new SourceConformanceOptions { Restarts = 8, Parallelisms = [1, 2] });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task The_sink_conforms(bool hasBuckets) => SinkConformance.CheckExactlyOnceAsync<Row, PendingFile>(
        () =>
        {
            string place = _folder[$"out{_places++}"];
            return new SinkUnderTest<Row>(
                () => new FileSink<Row>(place, ParquetFormat.Of<Row>(new ParquetOptions { RowGroupRows = 5 }), new FileSinkOptions { FlushToDisk = false, MaxFileSize = 600 })
                {
                    Buckets = hasBuckets ? BucketAssigner.By<Row>(row => $"b{row.Id % 3}") : null,
                },
                () => ReadFolder(place));
        },
        i => new Row(i, $"n{i}"),
        new SinkConformanceOptions { Seeds = 15 },
        Cancel);

    [Fact]
    public Task The_sink_conforms_where_it_merges_small_files() => SinkConformance.CheckExactlyOnceAsync<Row, PendingFile>(
        () =>
        {
            string place = _folder[$"out{_places++}"];
            return new SinkUnderTest<Row>(
                () => new FileSink<Row>(
                    place,
                    ParquetFormat.Of<Row>(new ParquetOptions { RowGroupRows = 5 }),
                    new FileSinkOptions { FlushToDisk = false, Compaction = new FileCompactionOptions { Checkpoints = 2, FileSize = 2_000 } }),
                () => ReadFolder(place));
        },
        i => new Row(i, $"n{i}"),
        new SinkConformanceOptions { Seeds = 15, MayHoldBack = true },
        Cancel);

    [Fact]
    public async Task Small_files_become_one_of_whole_row_groups()
    {
        var sink = new FileSink<Row>(
            _folder["out"], ParquetFormat.Of<Row>(new ParquetOptions { RowGroupRows = 40 }), new FileSinkOptions { FlushToDisk = false, Compaction = new FileCompactionOptions() });
        var context = Fakes.SinkContext(checkpoints: true);
        var writer = sink.CreateWriter(context);
        for (int checkpoint = 0; checkpoint < 8; checkpoint++)
        {
            await writer.WriteAsync(Fakes.Batch(Enumerable.Range(checkpoint * 10, 10).Select(n => new Row(n, $"n{n}")).ToArray()), Cancel);
            Assert.Empty(await writer.PrepareCommitAsync(checkpoint, false, Cancel));
        }

        await sink.CreateCommitter(context).CommitAsync(await writer.PrepareCommitAsync(8, true, Cancel), Cancel);
        await writer.CloseAsync();
        string file = Assert.Single(Directory.EnumerateFiles(_folder["out"]));
        Assert.Equal(Enumerable.Range(0, 80).Select(n => new Row(n, $"n{n}")), ParquetFormat.Of<Row>().ReadFile(file));
        using var reader = new ParquetSharp.ParquetFileReader(file);
        Assert.Equal(2, reader.FileMetaData.NumRowGroups);
    }

    [Fact]
    public async Task A_job_from_Parquet_to_Parquet_gives_every_row_once_whatever_interrupts_it() => await JobEquivalence.CheckOnThreadsAsync(
        job =>
        {
            string input = Path.Combine(job.Folder, "in");
            if (!Directory.Exists(input))
            {
                Directory.CreateDirectory(input);
                for (int file = 0; file < 3; file++)
                {
                    File.WriteAllBytes(Path.Combine(input, $"{file}.parquet"), Rows.File(Enumerable.Range(file * 100, 100).Select(i => new Row(i)), new ParquetOptions { RowGroupRows = 30 }));
                }
            }

            string output = Path.Combine(job.Folder, "out");
            job.Env.FromSource(new FileSource<Row>(input, ParquetFormat.Of<Row>())).Rebalance().Map(row => row with { Name = "seen" })
                .SinkTo(new FileSink<Row>(output, ParquetFormat.Of<Row>(), new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Append }));
            job.CaptureAtEnd("out", () => ReadFolder(output).Select(row => $"{row}"));
        },
        new JobResults([new("out", Enumerable.Range(0, 300).Select(i => $"{new Row(i, "seen")}"))]),
        new JobEquivalenceOptions { Seeds = 1 },
        Cancel);
}
