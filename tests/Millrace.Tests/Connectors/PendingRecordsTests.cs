using System.Text;
using Microsoft.Extensions.Time.Testing;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

/// <summary>How much the sources say that they have not read.</summary>
public sealed class PendingRecordsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Range_that_ends_has_what_is_left_of_it_with_readers_and_without()
    {
        var run = new SourceRun<long, RangeSplit, RangeEnumeratorState>(new SequenceSource(1, 1_000), parallelism: 2);
        Assert.Equal(1_000, run.Enumerator.PendingRecords);
        Assert.Equal([0, 0], run.Readers.Select(reader => reader.PendingRecords));
        run.Read(0);
        Assert.Equal((500, 500), (run.Enumerator.PendingRecords, run.Readers[0].PendingRecords));
        run.Read(0, 100);
        Assert.Equal(400, run.Readers[0].PendingRecords);

        // A restored reader has its range before it has read.
        var restored = new SourceRun<long, RangeSplit, RangeEnumeratorState>(new SequenceSource(1, 1_000), parallelism: 2, restored: run.Snapshot());
        Assert.Equal((500, 400), (restored.Enumerator.PendingRecords, restored.Readers[0].PendingRecords));
        restored.Drain(100);
        Assert.Equal((0, 0), (restored.Enumerator.PendingRecords, restored.Readers.Sum(reader => reader.PendingRecords)));
    }

    [Fact]
    public void Generator_without_an_end_and_a_pace_does_not_know()
    {
        var run = new SourceRun<long, RangeSplit, RangeEnumeratorState>(new GeneratorSource<long>(id => id));
        run.Read(0);
        Assert.Null(run.Readers[0].PendingRecords);
    }

    [Fact]
    public void Generator_at_a_pace_has_what_it_is_behind_also_what_it_will_never_make_up_for()
    {
        var run = new SourceRun<long, RangeSplit, RangeEnumeratorState>(new GeneratorSource<long>(id => id, count: 1_000_000, recordsPerSecond: 100), time: _time);
        run.Read(0);
        run.Read(0);
        Assert.Equal((0, 0), (run.Enumerator.PendingRecords, run.Readers[0].PendingRecords));

        // 40 of 100 in each second: it falls behind by 60 each, though it would make up for one second at most.
        for (int second = 1; second <= 10; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            run.Read(0, 40);
            Assert.Equal(60 * second, run.Readers[0].PendingRecords);
        }

        // What it has given up counts until it is level, and then no more.
        run.Read(0, 59);
        Assert.Equal(600 - 59, run.Readers[0].PendingRecords);
        run.Read(0, 1_000);
        Assert.Equal(0, run.Readers[0].PendingRecords);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(50, run.Readers[0].PendingRecords);
    }

    [Fact]
    public void Generator_at_a_pace_is_not_behind_by_more_than_it_has()
    {
        var run = new SourceRun<long, RangeSplit, RangeEnumeratorState>(new GeneratorSource<long>(id => id, count: 30, recordsPerSecond: 100), time: _time);
        run.Read(0, 10);
        run.Read(0, 10);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(29, run.Readers[0].PendingRecords);
    }

    [Fact]
    public void File_is_estimated_by_the_bytes_of_records_read_so_far()
    {
        // 100 records of 10 bytes each, of 20 in the second half.
        _folder.Write("a.txt", string.Concat(Enumerable.Range(0, 50).Select(n => $"{n:D9}\n").Concat(Enumerable.Range(0, 50).Select(n => $"{n:D19}\n"))));
        _folder.Write("b.txt", string.Concat(Enumerable.Range(0, 30).Select(n => $"{n:D9}\n")));
        var run = new FileSource<string>(_folder.Path, new TextFormat()).Run();
        Assert.Equal((null, 1_800), (run.Enumerator.PendingRecords, run.Enumerator.PendingBytes));
        Assert.Equal((0, 0), (run.Readers[0].PendingRecords, run.Readers[0].PendingBytes));
        run.Read(0);

        // It has the file, and has read nothing of it: bytes are known, records not.
        while (run.Records.Count < 10)
        {
            run.Read(0);
        }

        Assert.Equal((null, 300), (run.Enumerator.PendingRecords, run.Enumerator.PendingBytes));
        Assert.Equal((140, 1_400), (run.Readers[0].PendingRecords, run.Readers[0].PendingBytes));
        run.Drain();
        Assert.Equal((0, 0), (run.Enumerator.PendingRecords, run.Enumerator.PendingBytes));
        Assert.Equal((0, 0), (run.Readers[0].PendingRecords, run.Readers[0].PendingBytes));
    }

    [Fact]
    public void File_that_nobody_has_read_yet_is_not_known_and_then_by_the_file_before()
    {
        _folder.Write("a.txt", "one\ntwo\n");
        var source = new FileSource<string>(_folder.Path, new TextFormat(), new FileSourceOptions { MonitorInterval = TimeSpan.FromSeconds(1) });
        var context = new FakeReaderContext(0, 1);
        var reader = source.CreateReader(context);
        reader.AddSplits([new FileSplit(_folder["a.txt"], 0, 0)]);
        Assert.Equal((null, 8), (reader.PendingRecords, reader.PendingBytes));
        var output = new FakeOutput<string>();
        while (output.Released.Count == 0)
        {
            reader.Read(output, 10);
        }

        reader.AddSplits([new FileSplit(_folder.Write("b.txt", new string('x', 39) + "\n"), 0, 0)]);
        Assert.Equal((10, 40), (reader.PendingRecords, reader.PendingBytes));
        reader.Close();
    }

    [Fact]
    public void File_that_is_compressed_is_estimated_by_its_compressed_bytes()
    {
        // Numbers that do not compress away, so that the file is longer than what a decompressor reads ahead.
        var random = new Random(1);
        string[] lines = [.. Enumerable.Range(0, 40_000).Select(_ => $"{random.NextInt64():D19}")];
        using var content = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(content, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        }

        _folder.Write("a.txt.gz", content.ToArray());
        var run = new FileSource<string>(_folder.Path, new TextFormat()).Run();
        while (run.Records.Count < 20_000)
        {
            run.Read(0, 1_000);
        }

        Assert.InRange(run.Readers[0].PendingRecords!.Value, 14_000, 20_500);
        run.Close();
    }

    [Fact]
    public void File_at_a_pace_has_what_it_is_behind_and_nothing_while_there_is_no_file()
    {
        _folder.Write("a.txt", string.Concat(Enumerable.Repeat("x\n", 1_000)));
        var run = new SourceRun<string, FileSplit, FileEnumeratorState>(
            new FileSource<string>(_folder.Path, new TextFormat(), new FileSourceOptions { RecordsPerSecond = 10, MonitorInterval = TimeSpan.FromSeconds(1) }), time: _time);
        Assert.Equal((0, 0), (run.Enumerator.PendingRecords, run.Enumerator.PendingBytes));
        run.Read(0);
        run.Read(0);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(50, run.Readers[0].PendingRecords);
        for (int second = 0; second < 200; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            run.Read(0, 100);
        }

        Assert.Equal(0, run.Readers[0].PendingRecords);

        // What comes after an hour without files was not due in that hour.
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, run.Readers[0].PendingRecords);
        _folder.Write("b.txt", string.Concat(Enumerable.Repeat("x\n", 1_000)));
        run.CallDue();
        run.Read(0);
        Assert.InRange(run.Readers[0].PendingRecords!.Value, 0, 10);
        run.Close();
    }

    [Fact]
    public async Task Channel_has_what_is_in_it_once_however_many_readers_there_are_and_does_not_know_when_it_is_full()
    {
        var source = new ChannelSource<int>(capacity: 4);
        SourceReader<int, ChannelSplit>[] readers = [source.CreateReader(new FakeReaderContext(0, 2)), source.CreateReader(new FakeReaderContext(1, 2))];
        Assert.Equal(0, source.CreateEnumerator(new FakeEnumeratorContext<ChannelSplit>(2), 0, false).PendingRecords);
        for (int i = 0; i < 3; i++)
        {
            await source.WriteAsync(i, TestContext.Current.CancellationToken);
        }

        Assert.Equal(3, readers.Sum(reader => reader.PendingRecords));
        Assert.True(source.TryWrite(3));
        Assert.Null(readers[0].PendingRecords);
        readers[1].Read(new FakeOutput<int>(), 2);

        // The other one tells when the first is closed.
        readers[0].Close();
        Assert.Equal(2, readers[1].PendingRecords);
    }

    [Fact]
    public void Hybrid_source_has_what_the_source_has_that_it_reads_now()
    {
        var run = new SourceRun<long, HybridSplit<RangeSplit, RangeSplit>, HybridEnumeratorState<RangeEnumeratorState, RangeEnumeratorState>>(
            HybridSource.Of(new SequenceSource(1, 10), new SequenceSource(11, 100)));
        run.Enumerator.AddReader(0);
        Assert.Equal(10, run.Enumerator.PendingRecords);
        run.Read(0, 4);
        run.Read(0, 4);
        Assert.Equal((0, 6), (run.Enumerator.PendingRecords, run.Readers[0].PendingRecords));
        while (run.Records.Count < 20)
        {
            run.Read(0, 6);
        }

        Assert.Equal(0, run.Enumerator.PendingRecords);
        Assert.Equal(100 - run.Records.Count, run.Readers[0].PendingRecords);
    }
}
