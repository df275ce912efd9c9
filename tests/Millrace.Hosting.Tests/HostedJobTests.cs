using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Millrace.Connectors;
using Millrace.State;
using Millrace.Testing;

namespace Millrace.Hosting.Tests;

/// <summary>Jobs that start and stop with a host.</summary>
public sealed class HostedJobTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_OfAClass_GetsServicesRunsWithTheHostAndLeavesItRunning()
    {
        var builder = TestHosts.Create();
        var log = builder.KeepLog();
        builder.Services.AddSingleton<Seen>();
        builder.AddMillrace().AddJob<Squares>(configure: TestHosts.InMemory);
        using var host = builder.Build();
        var jobs = host.Services.GetRequiredService<IMillraceJobs>();
        Assert.Throws<InvalidOperationException>(() => jobs["Squares"]);
        await host.StartAsync(Cancellation);
        var result = await jobs["squares"].Completion.WaitAsync(TestHosts.Timeout, Cancellation);
        Assert.Equal(JobState.Finished, result.State);
        Assert.Equal([1L, 4, 9], host.Services.GetRequiredService<Seen>().Values.Order());
        Assert.False(host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
        await host.StopAsync(Cancellation);
        Assert.Contains(log.Lines, line => line.Id == 2101 && line.Message.Contains("'Squares'", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.Id == 2102 && line.Message.EndsWith("Finished.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Jobs_SeveralInOneHost_AreFoundByName()
    {
        var builder = TestHosts.Create();
        builder.Services.AddSingleton<Seen>();
        builder.AddMillrace().AddJob<Squares>("one", TestHosts.InMemory).AddJob<Squares>("two", TestHosts.InMemory);
        builder.AddMillrace().AddJob("three", env => env.FromSequence(1, 3).Discard(), TestHosts.InMemory);
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        var jobs = host.Services.GetRequiredService<IMillraceJobs>();
        Assert.Equal(["one", "two", "three"], jobs.Names);
        await Task.WhenAll(jobs.Names.Select(name => jobs[name].Completion)).Soon();
        Assert.Equal(6, host.Services.GetRequiredService<Seen>().Values.Count);
        Assert.True(jobs.TryGet("TWO", out var two));
        Assert.Equal("two", two.JobName);
        Assert.False(jobs.TryGet("four", out _));
        Assert.Contains("it has 'one', 'two', 'three'", Assert.Throws<KeyNotFoundException>(() => jobs["four"]).Message, StringComparison.Ordinal);
        await host.StopAsync(Cancellation);
    }

    [Fact]
    public void Job_OfANameThatIsTakenOrCannotBeConfigured_IsRefused()
    {
        var millrace = TestHosts.Create().AddMillrace().AddJob<Squares>();
        Assert.Contains("'squares' already", Assert.Throws<InvalidOperationException>(() => millrace.AddJob("squares", _ => { })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => millrace.AddJob("a:b", _ => { }));
        Assert.Throws<ArgumentException>(() => millrace.AddJob(" ", _ => { }));
    }

    [Theory]
    [InlineData(JobShutdown.Cancel)]
    [InlineData(JobShutdown.Savepoint)]
    public async Task Shutdown_AndAnotherStart_GoesOn(JobShutdown shutdown)
    {
        var storage = new InMemoryCheckpointStorage();
        Assert.Equal(2, await AddUp(storage, shutdown, 1, 1));
        Assert.Equal(5, await AddUp(storage, shutdown, 2, 1));
    }

    [Fact]
    public async Task Shutdown_WithDrain_EndsTheInput()
    {
        var source = new ChannelSource<int>();
        var got = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var drained = new ConcurrentQueue<int>();
        var builder = TestHosts.Create(("Millrace:Host:Shutdown", "drain"), ("Millrace:Host:SavepointFolder", "last"));
        var log = builder.KeepLog();
        builder.AddMillrace().AddJob(
            "sums",
            env => env.FromSource(source, WatermarkStrategy<int>.ForMonotonousTimestamps().WithTimestampAssigner(value => value))
                .Filter(value => got.TrySetResult(value) || true)
                .KeyBy(_ => 0).Window(Windowing.TumblingEventTimeWindows.Of(TimeSpan.FromHours(1))).Reduce((one, other) => one + other).ForEach(drained.Enqueue),
            TestHosts.InMemory);
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        await source.WriteAsync(7, Cancellation);
        await got.Soon();
        await host.StopAsync(Cancellation);
        Assert.Equal([7], drained);
        Assert.Contains(log.Lines, line => line.Id == 2106 && line.Message.Contains("last/sums-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Job_ThatFailsForGood_StopsTheHostWithAnExitCode()
    {
        int before = Environment.ExitCode;
        try
        {
            Environment.ExitCode = 0;
            var builder = TestHosts.Create();
            var log = builder.KeepLog();
            builder.AddMillrace()
                .AddJob("bad", env => env.FromSequence(1, 3).Map(long (_) => throw new InvalidOperationException("broken")).Discard(), TestHosts.InMemory)
                .AddJob("endless", env => env.FromSource(new ChannelSource<int>()).Discard(), TestHosts.InMemory);
            using var host = builder.Build();
            var jobs = host.Services.GetRequiredService<IMillraceJobs>();
            await host.RunAsync(Cancellation).Soon();
            Assert.Equal(1, Environment.ExitCode);
            Assert.Equal((JobState.Failed, JobState.Canceled), (jobs["bad"].State, jobs["endless"].State));
            Assert.Contains(log.Lines, line => line is { Id: 2103, Level: Microsoft.Extensions.Logging.LogLevel.Error });
        }
        finally
        {
            Environment.ExitCode = before;
        }
    }

    [Fact]
    public async Task Job_ThatFailsForGood_LeavesTheHostWhereThatIsSaid()
    {
        var builder = TestHosts.Create(("Millrace:Host:OnJobFailure", "Continue"));
        var log = builder.KeepLog();
        builder.AddMillrace()
            .AddJob("bad", env => env.FromSequence(1, 3).Map(long (_) => throw new InvalidOperationException("broken")).Discard(), TestHosts.InMemory)
            .AddJob("endless", env => env.FromSource(new ChannelSource<int>()).Discard(), TestHosts.InMemory);
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        var jobs = host.Services.GetRequiredService<IMillraceJobs>();
        await Assert.ThrowsAsync<JobFailedException>(() => jobs["bad"].Completion.Soon());
        Assert.False(jobs["endless"].Completion.IsCompleted);
        await host.StopAsync(Cancellation);
        Assert.Equal(JobState.Canceled, jobs["endless"].State);
        Assert.Contains(log.Lines, line => line.Id == 2104);
    }

    [Fact]
    public async Task Host_ThatIsThereForItsJobs_StopsWithTheLast()
    {
        var builder = TestHosts.Create(["--Millrace:Host:StopWhenFinished=true"]);
        var log = builder.KeepLog();
        builder.AddMillrace()
            .AddJob("one", env => env.FromSequence(1, 3).Discard(), TestHosts.InMemory)
            .AddJob("two", env => env.FromSequence(1, 30_000).Discard(), TestHosts.InMemory);
        using var host = builder.Build();
        await host.RunAsync(Cancellation).Soon();
        Assert.Contains(log.Lines, line => line.Id == 2109);
    }

    [Fact]
    public async Task Function_ThatDoesNotComeBack_IsNotWaitedForLongerThanTheHostWaits()
    {
        using var release = new ManualResetEventSlim();
        var entered = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = TestHosts.Create();
        var log = builder.KeepLog();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(20));
        builder.AddMillrace().AddJob(
            "stuck",
            env => env.FromSequence(1, 1).Blocking().ForEach(_ =>
            {
                entered.SetResult(0);
                release.Wait(Cancellation);
            }),
            TestHosts.InMemory);
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        await entered.Soon();
        await host.StopAsync(Cancellation);
        Assert.Contains(log.Lines, line => line.Id == 2108);
        release.Set();
        await host.Services.GetRequiredService<IMillraceJobs>()["stuck"].Completion.Soon();
    }

    private static async Task<int> AddUp(InMemoryCheckpointStorage storage, JobShutdown shutdown, params int[] numbers)
    {
        var source = new ChannelSource<int>();
        var last = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        int left = numbers.Length;
        var builder = TestHosts.Create();
        builder.AddMillrace(options => options.Shutdown = shutdown).AddJob(
            "sums",
            env => env.FromSource(source).KeyBy(_ => 0).Process(() => new Sum()).ForEach(sum =>
            {
                if (Interlocked.Decrement(ref left) == 0)
                {
                    last.SetResult(sum);
                }
            }),
            options => options.Checkpoints.Storage = storage);
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        foreach (int number in numbers)
        {
            await source.WriteAsync(number, Cancellation);
        }

        int result = await last.Soon();
        var job = host.Services.GetRequiredService<IMillraceJobs>()["sums"];
        if (shutdown == JobShutdown.Cancel)
        {
            await job.TriggerCheckpointAsync().Soon();
        }

        await host.StopAsync(Cancellation);
        Assert.Equal(shutdown == JobShutdown.Cancel ? JobState.Canceled : JobState.Finished, job.State);
        return result;
    }

    private sealed class Seen
    {
        public ConcurrentQueue<long> Values { get; } = new();
    }

    private sealed class Squares(Seen seen) : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => env.FromSequence(1, 3).Map(n => n * n).ForEach(seen.Values.Enqueue);
    }

    private sealed class Sum : KeyedProcessFunction<int, int, int>
    {
        private ValueState<int> _sum = null!;

        public override void Open(RuntimeContext context) => _sum = context.GetState(new ValueStateDescriptor<int>("sum"));

        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<int> output)
        {
            _sum.GetOrAdd() += value;
            output.Collect(_sum.GetOrAdd());
        }
    }
}
