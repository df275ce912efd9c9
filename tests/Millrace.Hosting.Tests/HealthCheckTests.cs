using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Millrace.Connectors;

namespace Millrace.Hosting.Tests;

/// <summary>How jobs look in the health checks of their host.</summary>
public sealed class HealthCheckTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_ThatRunOrHaveFinished_AreHealthy()
    {
        using var host = Create(TestHosts.InMemory, env => env.FromSequence(1, 3).Discard());
        Assert.Equal(HealthStatus.Degraded, (await Check(host)).Status);
        await host.StartAsync(Cancellation);
        await host.Services.GetRequiredService<IMillraceJobs>()["job"].Completion.Soon();
        await host.Services.GetRequiredService<IMillraceJobs>()["endless"].TriggerWhenRunningAsync();
        var report = await Check(host);
        Assert.Equal((HealthStatus.Healthy, "2 job(s), all well."), (report.Status, report.Description));
        Assert.Equal(("Finished", "Running"), (report.Data["job.state"], report.Data["endless.state"]));
        Assert.Equal(1L, report.Data["endless.lastCompletedCheckpointId"]);
        Assert.InRange((DateTimeOffset)report.Data["endless.lastCheckpointCompletedAt"], TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow());
        await host.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Job_ThatHasFailed_IsUnhealthy()
    {
        using var host = Create(TestHosts.InMemory, env => env.FromSequence(1, 3).Map(long (_) => throw new InvalidOperationException("broken")).Discard());
        await host.StartAsync(Cancellation);
        await Assert.ThrowsAsync<JobFailedException>(() => host.Services.GetRequiredService<IMillraceJobs>()["job"].Completion.Soon());
        var report = await Check(host);
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Contains("Job 'job' has failed", report.Description, StringComparison.Ordinal);
        Assert.Contains("broken", report.Description, StringComparison.Ordinal);
        await host.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Job_ThatRestarts_IsDegraded()
    {
        using var host = Create(
            options =>
            {
                TestHosts.InMemory(options);
                options.Parallelism = 1;
                options.RestartStrategy = RestartStrategy.FixedDelay(1, TimeSpan.FromHours(1));
            },
            env => env.FromSequence(1, 3).Map(long (_) => throw new InvalidOperationException("broken")).Discard());
        var log = host.Services.GetRequiredService<KeptLog>();
        var restarting = log.WaitFor(2004);
        await host.StartAsync(Cancellation);
        await restarting.Soon();
        await log.WaitFor(2005, "is Restarting").Soon();
        var report = await Check(host);
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Contains("Job 'job' restarts", report.Description, StringComparison.Ordinal);
        Assert.Equal(1L, report.Data["job.restarts"]);
        await host.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Job_WithoutACheckpointForTooLong_IsDegradedUntilOneIsComplete()
    {
        var clock = new SettableClock();
        var builder = TestHosts.Create();
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddHealthChecks().AddMillrace();
        builder.AddMillrace().AddJob("job", env => env.FromSource(new ChannelSource<int>()).Discard(), options =>
        {
            TestHosts.InMemory(options);
            options.Checkpoints.Interval = TimeSpan.FromHours(10);
        });
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        var job = host.Services.GetRequiredService<IMillraceJobs>()["job"];
        await job.TriggerWhenRunningAsync();
        Assert.Equal(HealthStatus.Healthy, (await Check(host)).Status);

        // Three intervals are borne by default.
        clock.Ahead = TimeSpan.FromHours(29);
        Assert.Equal(HealthStatus.Healthy, (await Check(host)).Status);
        clock.Ahead = TimeSpan.FromHours(31);
        var report = await Check(host);
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Contains("Job 'job' has completed no checkpoint for 1.07:", report.Description, StringComparison.Ordinal);
        Assert.Contains("its interval is 10:00:00", report.Description, StringComparison.Ordinal);
        await job.TriggerWhenRunningAsync();
        Assert.Equal(HealthStatus.Healthy, (await Check(host)).Status);
        await host.StopAsync(Cancellation);
    }

    [Fact]
    public async Task HealthCheck_WithoutMillrace_SaysWhatIsMissing()
    {
        var builder = TestHosts.Create();
        builder.Services.AddHealthChecks().AddMillrace();
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation));
        Assert.Contains("Call AddMillrace", error.Message, StringComparison.Ordinal);
    }

    private sealed class SettableClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;

        public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Ahead.Ticks;
    }

    private static async Task<HealthReportEntry> Check(IHost host) => (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation)).Entries["millrace"];

    private static IHost Create(Action<ExecutionOptions> configure, Action<StreamExecutionEnvironment> build)
    {
        var builder = TestHosts.Create(("Millrace:Host:OnJobFailure", "Continue"));
        builder.Services.AddSingleton(builder.KeepLog());
        builder.Services.AddHealthChecks().AddMillrace();
        builder.AddMillrace().AddJob("job", build, configure).AddJob("endless", env => env.FromSource(new ChannelSource<int>()).Discard(), TestHosts.InMemory);
        return builder.Build();
    }
}
