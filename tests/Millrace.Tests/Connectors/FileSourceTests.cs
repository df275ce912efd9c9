using Microsoft.Extensions.Time.Testing;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class FileSourceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private sealed record Row(int Id, string? Name = null);

    [Fact]
    public void Folder_is_read_with_its_folders_in_ordinal_order_without_hidden_names()
    {
        _folder.Write("b.jsonl", "{\"id\":2}\n");
        _folder.Write("B.jsonl", "{\"id\":1}\n");
        _folder.Write("sub/c.jsonl", "{\"id\":3}\n");
        _folder.Write("_SUCCESS", "x");
        _folder.Write(".part-0-0.jsonl.inprogress", "x");
        _folder.Write("_tmp/d.jsonl", "x");
        Assert.Equal([1, 2, 3], FileSource.Auto<Row>(_folder.Path).Run().Drain().Records.Select(r => r.Id));
    }

    [Theory]
    [InlineData("*.jsonl", new[] { 1 })]
    [InlineData("**/*.jsonl", new[] { 1, 2, 3 })]
    [InlineData("2026-*/x.jsonl", new[] { 2, 3 })]
    [InlineData("2026-*/*", new[] { 2, 3 })]
    public void Pattern_takes_what_it_matches(string pattern, int[] expected)
    {
        _folder.Write("1.jsonl", "{\"id\":1}");
        _folder.Write("2026-01/x.jsonl", "{\"id\":2}");
        _folder.Write("2026-02/x.jsonl", "{\"id\":3}");
        _folder.Write("2026-02/.y.jsonl", "{\"id\":4}");
        Assert.Equal(expected, new FileSource<Row>(_folder[pattern], JsonFormat.Lines<Row>()).Run().Drain().Records.Select(r => r.Id));
    }

    [Theory]
    [InlineData("missing.jsonl")]
    [InlineData("*.csv")]
    [InlineData("nowhere/*.csv")]
    [InlineData("empty")]
    public void Validate_NothingToRead_SaysWhichPath(string name)
    {
        Directory.CreateDirectory(_folder["empty"]);
        var error = Assert.Throws<ConnectorException>(() => FileSource.Auto<Row>(_folder[name]).Validate());
        Assert.Equal("MR7102", error.Code);
        Assert.Contains(_folder[name], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_tells_the_format_by_extension_and_first_byte()
    {
        _folder.Write("a.json", "\uFEFF \n [{\"id\":1}]");
        _folder.Write("b.json", "\n{\"id\":2}\n{\"id\":3}");
        _folder.Write("c.NDJSON", "{\"id\":4}");
        _folder.Write("d.csv", "Name,ID\nx,5\n");
        var source = FileSource.Auto<Row>(_folder.Path);
        source.Validate();
        Assert.Equal([1, 2, 3, 4, 5], source.Run().Drain().Records.Select(r => r.Id));
        _folder.Write("e.txt", "?");
        Assert.Contains(".txt", Assert.Throws<ConnectorException>(source.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_readers_share_a_folder_and_read_every_file_once()
    {
        for (int i = 0; i < 17; i++)
        {
            _folder.Write($"{i:00}.jsonl", string.Concat(Enumerable.Range(0, i).Select(n => $"{{\"id\":{(i * 100) + n}}}\n")));
        }

        var run = FileSource.Auto<Row>(_folder.Path).Run(2).Drain(3);
        var expected = Enumerable.Range(0, 17).SelectMany(i => Enumerable.Range(0, i).Select(n => (i * 100) + n));
        Assert.Equal(expected, run.Records.Select(r => r.Id).Order());
        Assert.Equal(17, run.Outputs.Sum(o => o.Released.Count));
        Assert.Equal(17, run.Outputs.SelectMany(o => o.Released).Distinct().Count());
        Assert.All(run.Outputs, o => Assert.Equal(o.Opened, o.Released));
        Assert.All(run.Outputs, o => Assert.NotEmpty(o.Records));
    }

    [Fact]
    public void Restored_after_any_call_with_more_or_fewer_readers_no_record_is_lost_or_read_twice()
    {
        for (int i = 0; i < 4; i++)
        {
            _folder.Write($"{i}.json", "[" + string.Join(", ", Enumerable.Range(0, 5).Select(n => $"{{\"id\":{(i * 10) + n}}}")) + "]");
        }

        var source = FileSource.Auto<Row>(_folder.Path);
        for (int calls = 0; calls < 50; calls++)
        {
            var first = source.Run(2).Drain(2, calls);
            var (state, readers) = first.Snapshot();
            first.Close();
            foreach (int after in new[] { 1, 3 })
            {
                var given = Enumerable.Range(0, after).Select(_ => new List<FileSplit>()).ToArray();
                given[^1].AddRange(readers.SelectMany(r => r));
                var second = new SourceRun<Row, FileSplit, FileEnumeratorState>(source, after, restored: (state, given)).Drain(2);
                Assert.Equal(
                    Enumerable.Range(0, 4).SelectMany(i => Enumerable.Range(0, 5).Select(n => (i * 10) + n)),
                    first.Records.Concat(second.Records).Select(r => r.Id).Order());
            }
        }
    }

    [Fact]
    public void Splits_given_back_are_handed_out_again_first()
    {
        _folder.Write("a.jsonl", "{\"id\":1}\n");
        _folder.Write("b.jsonl", "{\"id\":2}\n");
        var context = new FakeEnumeratorContext<FileSplit>(1);
        var enumerator = FileSource.Auto<Row>(_folder.Path).CreateEnumerator(context, null, false);
        enumerator.Start();
        enumerator.HandleSplitRequest(0);
        enumerator.AddSplitsBack([context.Assigned[0].Split with { Position = 3 }], 0);
        enumerator.HandleSplitRequest(0);
        Assert.Equal(new FileSplit(_folder["a.jsonl"], 3, 0), context.Assigned[1].Split);
        Assert.Equal([new FileSplit(_folder["b.jsonl"], 0, 0)], enumerator.Snapshot(1).Unassigned);
    }

    [Fact]
    public void A_file_that_became_shorter_than_the_checkpoint_says_so()
    {
        string path = _folder.Write("a.jsonl", "{\"id\":1}\n");
        var restored = (new FileEnumeratorState([]), new[] { new List<FileSplit> { new(path, 1000, 5) } });
        var run = new SourceRun<Row, FileSplit, FileEnumeratorState>(FileSource.Auto<Row>(path), restored: restored);
        var error = Assert.Throws<ConnectorException>(() => run.Read(0));
        Assert.Equal("MR7104", error.Code);
        Assert.Contains("byte 1000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_vanished_is_an_error_that_names_it()
    {
        string path = _folder.Write("a.jsonl", "{\"id\":1}\n");
        var run = FileSource.Auto<Row>(path).Run();
        File.Delete(path);
        run.Read(0);
        var error = Assert.Throws<ConnectorException>(() => run.Read(0));
        Assert.True(error.IsTransient);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_read_error_names_the_file_and_an_error_of_whoever_takes_the_records_is_left_as_it_is()
    {
        string path = _folder.Write("a.jsonl", "{\"id\":1}\n");
        var reader = FileSource.Auto<Row>(path).CreateReader(new FakeReaderContext(0, 1));
        reader.AddSplits([new FileSplit(path, 0, 0)]);
        Assert.Throws<EndOfStreamException>(() => reader.Read(new ThrowingOutput(), 10));
        Assert.Equal([new FileSplit(path, 0, 0)], reader.Snapshot(1));
        reader.Close();
        var error = SourceFileStream.CannotRead(path, new IOException("Disk gone."));
        Assert.Equal("MR7104", error.Code);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    private sealed class ThrowingOutput : ReaderOutput<Row>
    {
        public override void Collect(Row value, long timestamp = EventTime.None) => throw new EndOfStreamException("of the function");

        public override void Output<TSide>(OutputTag<TSide> tag, TSide value)
        {
        }

        public override SourceOutput<Row> ForSplit(string splitId) => this;

        public override void ReleaseSplit(string splitId)
        {
        }
    }

    [Fact]
    public void A_pace_is_kept_and_skipped_rows_do_not_count()
    {
        string path = _folder.Write("a.jsonl", "1\nx\n2\nx\n3\n4\n5\n");
        var time = new FakeTimeProvider();
        var source = new FileSource<int>(path, JsonFormat.Lines<int>(), new FileSourceOptions { RecordsPerSecond = 2, OnMalformed = OnMalformed.Skip });
        var context = new FakeReaderContext(0, 1, time);
        var output = new FakeOutput<int>();
        var reader = source.CreateReader(context);
        reader.AddSplits([new FileSplit(path, 0, 0)]);
        ReadAll();
        Assert.Equal([1], output.Records);
        for (int records = 2; records <= 5; records++)
        {
            Assert.Equal(TimeSpan.FromSeconds(0.5), context.WakeDelay);
            time.Advance(TimeSpan.FromSeconds(0.49));
            ReadAll();
            Assert.Equal(records - 1, output.Records.Count);
            time.Advance(TimeSpan.FromSeconds(0.01));
            ReadAll();
            Assert.Equal(records, output.Records.Count);
            Assert.Equal(records, reader.Snapshot(1).FirstOrDefault()?.Records ?? 5);
            context.WakeDelay = TimeSpan.FromSeconds(0.5);
        }

        reader.Close();

        void ReadAll()
        {
            while (reader.Read(output, 100) == ReadStatus.MoreAvailable)
            {
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_senseless_pace_is_refused(double pace) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FileSource<int>("a.jsonl", JsonFormat.Lines<int>(), new FileSourceOptions { RecordsPerSecond = pace }));
}
