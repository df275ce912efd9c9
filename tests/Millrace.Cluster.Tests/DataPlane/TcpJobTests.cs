using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>Whole jobs over real connections.</summary>
public sealed class TcpJobTests
{
    public readonly record struct Sale(string Shop, long Second, int Amount);

    [Theory]
    [InlineData(2, false, false)]
    [InlineData(3, false, false)]
    [InlineData(2, true, false)]
    [InlineData(2, false, true)]
    [InlineData(3, true, true)]
    public async Task A_job_on_several_workers_gives_the_results_of_one_worker(int count, bool compression, bool tls)
    {
        List<Sale> expected = [];
        JobRunner.Run(Sales(expected.Add, count: 20_000), seed: 1);
        expected.Sort(Order);
        Assert.True(expected.Count > 1_000);

        using var certificates = new TestCertificates();
        TestWorker[] workers = [.. Enumerable.Range(0, count).Select(index => new TestWorker($"{index}", options =>
        {
            options.Compression = compression;
            options.Tls = tls ? certificates.Issue($"{index}") : null;
        }))];
        List<Sale> results = [];
        await using (var job = new TcpJob(Sales(Add, count: 20_000), workers, id => (id.Vertex + id.Index) % count))
        {
            var outcome = await job.RunAsync();
            Assert.Equal((JobState.Finished, null), (outcome.State, outcome.Error));
            Assert.Empty(job.Errors);
        }

        results.Sort(Order);
        Assert.Equal(expected, results);
        foreach (var worker in workers)
        {
            Assert.Empty(worker.Log.Warnings);
            await worker.DisposeAsync();
        }

        void Add(Sale sale)
        {
            lock (results)
            {
                results.Add(sale);
            }
        }
    }

    [Fact]
    public async Task A_connection_that_breaks_fails_the_job()
    {
        await using TestWorker a = new("a"), b = new("b");
        TcpJob job = null!;
        int seen = 0;
        job = new TcpJob(Sales(Break, count: 20_000), [a, b], id => (id.Vertex + id.Index) % 2);
        await using (job)
        {
            var outcome = await job.RunAsync();
            Assert.Equal(JobState.Failed, outcome.State);
            var error = Assert.IsType<MillraceException>(Assert.IsType<JobFailedException>(outcome.Error).InnerException);
            Assert.Equal("MR5001", error.Code);
            Assert.Matches(@"^MR5001: The connection between worker '[ab]' and worker '[ab]' \(tcp, 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+\) broke, says worker '[ab]': (the other end has broken it: )?the test$", error.Message);
        }

        void Break(Sale sale)
        {
            if (Interlocked.Increment(ref seen) == 20)
            {
                job.Connections[0].Break(new IOException("the test"));
            }
        }
    }

    [Fact]
    public async Task A_worker_that_ends_fails_the_job_on_the_other()
    {
        await using TestWorker a = new("a");
        TestWorker b = new("b");
        var some = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var job = new TcpJob(Sales(_ => some.TrySetResult(), count: int.MaxValue), [a, b], id => (id.Vertex + id.Index) % 2);
        var run = job.RunAsync();
        await some.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await b.DisposeAsync();
        var outcome = await run;
        Assert.Equal(JobState.Failed, outcome.State);
        Assert.Contains($"worker {b.Info} ends", outcome.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_consumer_stops_its_source_and_not_its_neighbour_on_the_same_connection()
    {
        const int Records = 2_000_000;
        const int Capacity = 4;
        const int Batch = 256;
        await using TestWorker a = new("a"), b = new("b");
        using var gate = new ManualResetEventSlim();
        long readSlow = 0, readFast = 0, writtenSlow = 0, writtenFast = 0, mostBehind = 0;
        var fastIsThrough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, BatchSize = Batch, ChannelCapacity = Capacity });
        env.FromGenerator(i => i, Records).Map(n =>
        {
            Interlocked.Increment(ref readSlow);
            return n;
        }).DisableChaining().ForEach(_ =>
        {
            // The first record is not done before the neighbour is through.
            gate.Wait();
            long written = Interlocked.Increment(ref writtenSlow);
            mostBehind = Math.Max(mostBehind, Interlocked.Read(ref readSlow) - written);
        });
        env.FromGenerator(i => i, Records).Map(n =>
        {
            Interlocked.Increment(ref readFast);
            return n;
        }).DisableChaining().ForEach(_ =>
        {
            if (Interlocked.Increment(ref writtenFast) == Records)
            {
                fastIsThrough.SetResult();
            }
        });

        // Sources on one worker, sinks on the other.
        var graph = env.BuildJobGraph("job");
        bool[] isTarget = [.. graph.Vertices.Select(vertex => graph.Edges.Any(edge => edge.Target == vertex.Index) && !graph.Edges.Any(edge => edge.Source == vertex.Index))];
        Assert.Equal(2, isTarget.Count(target => target));
        await using var job = new TcpJob(env, [a, b], id => isTarget[id.Vertex] ? 1 : 0);
        var run = job.RunAsync();
        await fastIsThrough.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        long held = Interlocked.Read(ref readSlow);
        gate.Set();
        var outcome = await run;
        Assert.Equal((JobState.Finished, null), (outcome.State, outcome.Error));
        Assert.Equal((Records, Records, Records, Records), (readSlow, writtenSlow, readFast, writtenFast));

        // What a channel holds, and a batch in the hand of each end and of those before the channel.
        const int Most = (Capacity + 4) * Batch;
        Assert.InRange(held, 1, Most);
        Assert.InRange(mostBehind, 1, Most);
    }

    private static int Order(Sale a, Sale b) => (a.Second, a.Shop, a.Amount).CompareTo((b.Second, b.Shop, b.Amount));

    /// <summary>Sums of each shop and second, then handed round once more; small batches and channels, so that credit is short.</summary>
    private static StreamExecutionEnvironment Sales(Action<Sale> sink, int count)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2, BatchSize = 64, ChannelCapacity = 2, MaxParallelism = 16 });
        env.FromGenerator(
                i => (Sale: new Sale($"shop {i * 31 % 11}", i / 40, (int)(i * 7 % 100)), Time: i * 25),
                count,
                watermarks: WatermarkStrategy<(Sale Sale, long Time)>.ForBoundedOutOfOrderness(TimeSpan.FromSeconds(1)).WithTimestampAssigner(static record => record.Time).WithWatermarkEvery(20))
            .Map(record => record.Sale)
            .KeyBy(sale => sale.Shop)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1)))
            .Reduce((x, y) => x with { Amount = x.Amount + y.Amount })
            .Rebalance()
            .ForEach(sink);
        return env;
    }
}
