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

    private sealed record Priced(int Id, decimal Price, bool IsBroken)
    {
        public string Name
        {
            get => IsBroken ? throw new FormatException($"{Id} is broken") : $"n{Id}";
            init => _ = value;
        }
    }

    /// <summary>Within a row group, at its end, and behind one that was written in the same call.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(64)]
    [InlineData(1000)]
    public async Task Records_that_cannot_be_written_are_dead_letters_and_leave_nothing_in_the_file(int rowGroupRows)
    {
        OutputTag<DeadLetter<Priced>> broken = new("broken");
        var env = new StreamExecutionEnvironment { Options = { Parallelism = 1 } };
        var sink = env.FromSequence(0, 299).Map(n => new Priced((int)n, n % 10 == 3 ? 0.12345678m : n % 100 == 17 ? decimal.MaxValue : n / 100m, n % 11 == 4))
            .SinkTo(new FileSink<Priced>(_folder["out"], ParquetFormat.Of<Priced>(new ParquetOptions { RowGroupRows = rowGroupRows }))).OnError(ErrorPolicy.ToSideOutput(broken));
        var letters = new System.Collections.Concurrent.ConcurrentQueue<DeadLetter<Priced>>();
        sink.GetSideOutput(broken).ForEach(letters.Enqueue);
        await env.ExecuteAsync(cancellationToken: Cancel);

        var ids = Enumerable.Range(0, 300).ToLookup(n => n % 10 == 3 || n % 100 == 17 || n % 11 == 4);
        Assert.Equal(ids[true], letters.Select(letter => letter.Record!.Id));
        var read = ParquetFormat.Of<ReadBack>().ReadFile(Assert.Single(Directory.EnumerateFiles(_folder["out"]))).ToList();
        Assert.Equal(ids[false].Select(n => new ReadBack(n, n / 100m, $"n{n}")), read);
    }

    private sealed record ReadBack(int Id, decimal Price, string Name);

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
