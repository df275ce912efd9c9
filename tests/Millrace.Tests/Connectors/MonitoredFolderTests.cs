using Millrace.Checkpointing;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class MonitoredFolderTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private FileSource<string> Source() => new(_folder["in"], FileFormat.Text, new FileSourceOptions { MonitorInterval = TimeSpan.FromSeconds(10) });

    private static void ReadAll(SourceRun<string, FileSplit, FileEnumeratorState> run, int calls = 40)
    {
        for (int i = 0; i < calls; i++)
        {
            run.Read(i % run.Contexts.Length, 3);
        }
    }

    [Fact]
    public void New_files_are_read_when_they_come_each_once()
    {
        _folder.Write("in/b", "1\n2\n");
        Assert.Equal(Boundedness.Unbounded, Source().Boundedness);
        var run = Source().Run(2);
        ReadAll(run);
        Assert.Equal(["1", "2"], run.Records);
        _folder.Write("in/a", "3\n");
        _folder.Write("in/.hidden", "no\n");
        _folder.Write("in/c", "4\n");
        _folder.Write("in/d", "5\n");
        run.CallDue();
        ReadAll(run);
        Assert.Equal(["1", "2", "3", "4", "5"], run.Records.Order());
        run.CallDue();
        ReadAll(run);
        Assert.Equal(5, run.Records.Count);
        Assert.False(run.Ended);
        run.Close();
    }

    [Fact]
    public void An_empty_folder_is_waited_at_and_a_missing_one_is_an_error()
    {
        Assert.Equal("MR7102", Assert.Throws<ConnectorException>(Source().Validate).Code);
        Directory.CreateDirectory(_folder["in"]);
        Source().Validate();
        var run = Source().Run();
        ReadAll(run);
        _folder.Write("in/a", "1\n");
        run.CallDue();
        ReadAll(run);
        Assert.Equal(["1"], run.Records);
    }

    [Fact]
    public void A_restored_source_reads_no_file_again_and_goes_on_within_one()
    {
        _folder.Write("in/a", "1\n2\n3\n4\n");
        _folder.Write("in/b", "5\n");
        for (int records = 0; records <= 5; records++)
        {
            var first = Source().Run();
            while (first.Records.Count < records)
            {
                first.Read(0, 1);
            }

            var snapshot = first.Snapshot();
            first.Close();
            _folder.Write("in/c", "6\n");
            var second = new SourceRun<string, FileSplit, FileEnumeratorState>(Source(), restored: snapshot);
            ReadAll(second);
            Assert.Equal(Enumerable.Range(1, 6).Select(i => $"{i}"), first.Records.Concat(second.Records));
            second.CallDue();
            ReadAll(second);
            Assert.Equal(6 - records, second.Records.Count);
            second.Close();
            File.Delete(_folder["in/c"]);
        }
    }

    [Fact]
    public void Splits_that_come_back_go_to_whoever_waits()
    {
        string file = _folder.Write("in/a", "1\n2\n");
        var run = Source().Run(2);
        ReadAll(run);
        run.Return(new FileSplit(file, 2, 1), 0);
        run.CallDue();
        ReadAll(run);
        Assert.Equal(["1", "2", "2"], run.Records.Order());
    }

    [Fact]
    public async Task A_job_reads_files_that_come_and_goes_on_from_its_savepoint()
    {
        var cancel = TestContext.Current.CancellationToken;
        _folder.Write("in/a", "1\n");
        for (int start = 0; start < 3; start++)
        {
            var results = new CollectSink<string>();
            var env = new StreamExecutionEnvironment { Options = { Checkpoints = { Storage = new DirectoryCheckpointStorage(_folder["checkpoints"]) } } };
            var source = new FileSource<string>(_folder["in"], FileFormat.Text, new FileSourceOptions { MonitorInterval = TimeSpan.FromMilliseconds(20) });
            env.FromSource(source).Uid("files").SinkTo(results).Uid("results");
            await using var job = env.Start("monitored");
            var seen = new List<string>();
            await using var reading = results.ReadAllAsync(cancel).GetAsyncEnumerator(cancel);
            Assert.True(await reading.MoveNextAsync());
            Assert.Equal($"{(start * 2) + 1}", reading.Current);
            _folder.Write($"in/{(char)('b' + (start * 2))}", $"{(start * 2) + 2}\n");
            Assert.True(await reading.MoveNextAsync());
            Assert.Equal($"{(start * 2) + 2}", reading.Current);
            await job.StopWithSavepointAsync(_folder[$"savepoint-{start}"]);
            _folder.Write($"in/{(char)('c' + (start * 2))}", $"{(start * 2) + 3}\n");
        }
    }
}
