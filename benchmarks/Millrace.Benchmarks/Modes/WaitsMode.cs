using System.Diagnostics;
using System.Globalization;
using Millrace.Connectors;

namespace Millrace.Benchmarks.Modes;

/// <summary>Measures what users wait for beside their records: the start of a job, many small jobs in a process, reading and writing files.</summary>
internal sealed class WaitsMode(TextWriter output)
{
    private const int Operators = 100;
    private const int Jobs = 1_000;
    private const int Rows = 2_000_000;
    private const int Starts = 10;
    private const double Megabyte = 1 << 20;

    private static readonly string[] Symbols = ["MSFT", "AAPL", "AMZN", "GOOG", "NVDA", "ORCL", "INTC", "AMD"];

    public async Task RunAsync()
    {
        await output.WriteLineAsync(Machine.Describe()).ConfigureAwait(false);
        await MeasureStartsAsync("in one chain", exchanges: false).ConfigureAwait(false);
        await MeasureStartsAsync("with ten exchanges, two subtasks each", exchanges: true).ConfigureAwait(false);
        await MeasureJobsAsync().ConfigureAwait(false);
        await MeasureFilesAsync("CSV", CsvFormat.Of<Row>()).ConfigureAwait(false);
        await MeasureFilesAsync("JSON lines", JsonFormat.Lines<Row>()).ConfigureAwait(false);
        await MeasureFilesAsync("Parquet", ParquetFormat.Of<Row>()).ConfigureAwait(false);
    }

    private async Task MeasureStartsAsync(string shape, bool exchanges)
    {
        var times = new List<double>();
        for (int i = 0; i < Starts; i++)
        {
            long start = Stopwatch.GetTimestamp();
            double first = 0;
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = exchanges ? 2 : 1 });
            DataStream<long> stream = env.FromSequence(1, 1);
            for (int op = 2; op < Operators; op++)
            {
                stream = (exchanges && op % 10 == 0 ? stream.Rebalance() : stream).Map(static value => value + 1);
            }

            stream.SinkTo(new CallbackSink<long>(_ => first = Stopwatch.GetElapsedTime(start).TotalMilliseconds));
            await env.ExecuteAsync("start").ConfigureAwait(false);
            times.Add(first);
        }

        Write($"{Operators} operators {shape}: {times[0]:0} ms from declaring them to the first result, the first time in the process; then {times.Skip(1).Order().ElementAt((Starts - 1) / 2):0.0} ms (median of {Starts - 1})");
    }

    private async Task MeasureJobsAsync()
    {
        // What is there once, and not for each job.
        await using (await StartAsync().ConfigureAwait(false))
        {
        }

        var (memoryBefore, heapBefore, threadsBefore) = Usage();
        var jobs = new List<SmallJob>();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Jobs; i++)
        {
            jobs.Add(await StartAsync().ConfigureAwait(false));
        }

        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var (memory, heap, threads) = Usage();
        Write($"{Jobs:N0} jobs of four operators with a state, each with a record behind it: {(memory - memoryBefore) / Megabyte / Jobs:0.00} MB of memory and {(heap - heapBefore) / Megabyte / Jobs:0.00} MB of heap a job, {threads - threadsBefore} more threads in all, {milliseconds / Jobs:0.0} ms to start each");
        foreach (var job in jobs)
        {
            await job.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<SmallJob> StartAsync()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        var source = new ChannelSource<long>();
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        env.FromSource(source).Map(static value => value % 10).KeyBy(static value => value).Reduce(static (a, b) => a + b).SinkTo(new CallbackSink<long>(_ => answer.TrySetResult()));
        var client = env.Start("small");
        await source.WriteAsync(1).ConfigureAwait(false);
        await answer.Task.ConfigureAwait(false);
        return new SmallJob(source, client);
    }

    private static (long Memory, long Heap, int Threads) Usage()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return (process.WorkingSet64, GC.GetTotalMemory(forceFullCollection: true), process.Threads.Count);
    }

    private async Task MeasureFilesAsync(string name, FileFormat<Row> format)
    {
        string folder = Directory.CreateTempSubdirectory("millrace-bench-").FullName;
        try
        {
            var (write, read) = (default((double Clock, double Cpu)), default((double Clock, double Cpu)));

            // The first time warms up.
            for (int i = 0; i < 2; i++)
            {
                write = await MeasureAsync(env => env.FromGenerator(MakeRow, Rows)
                    .SinkTo(new FileSink<Row>(folder, format, new FileSinkOptions { WhenFolderHasFiles = WhenFolderHasFiles.Overwrite }))).ConfigureAwait(false);
                read = await MeasureAsync(env => env.FromSource(new FileSource<Row>(folder, format)).SinkTo(new DiscardSink<Row>())).ConfigureAwait(false);
            }

            Write($"{name}: {Rows / read.Clock / 1e6:0.00} M rows/s read, {Rows / read.Cpu / 1e6:0.00} M a core; {Rows / write.Clock / 1e6:0.00} M rows/s written, {Rows / write.Cpu / 1e6:0.00} M a core");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(double Clock, double Cpu)> MeasureAsync(Action<StreamExecutionEnvironment> declare)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        declare(env);
        var cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        await env.ExecuteAsync("files").ConfigureAwait(false);
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    private static Row MakeRow(long index) => new(index, Symbols[index % Symbols.Length], 100 + (index % 1000 / 8.0), (int)(index % 500), 1_700_000_000_000 + index);

    private void Write(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    internal sealed record Row(long Id, string Symbol, double Price, int Quantity, long Time);

    private sealed record SmallJob(ChannelSource<long> Source, JobClient Client) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Source.Complete();
            await Client.Completion.ConfigureAwait(false);
            await Client.DisposeAsync().ConfigureAwait(false);
        }
    }
}
