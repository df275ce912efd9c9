using Microsoft.Extensions.DependencyInjection;
using Millrace.Checkpointing;
using Millrace.State;
using Millrace.Testing;

namespace Millrace.Hosting.Tests;

/// <summary>Programs that check what would become of their state, and do nothing else.</summary>
public sealed class UpgradeCheckTests
{
    private readonly InMemoryCheckpointStorage _storage = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_OfTheNextVersion_SaysWhatBecomesOfEachJob()
    {
        await RunAsync<int>();
        using var next = Build<long>();
        var output = new StringWriter();

        Assert.Equal(0, await next.CheckUpgradesAsync(output, cancellationToken: Cancellation));

        // None has been started.
        Assert.Contains("Job 'counts' from checkpoint", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("Job 'other' has nothing to go on from: it begins anew.", output.ToString(), StringComparison.Ordinal);
        Assert.False(next.Services.GetRequiredService<IMillraceJobs>().TryGet("counts", out _));
    }

    [Fact]
    public async Task Check_OfAVersionThatCannotReadItsState_HasAnExitCode()
    {
        await RunAsync<int>();
        using var next = Build<Guid>();
        var output = new StringWriter();

        Assert.Equal(1, await next.CheckUpgradesAsync(output, cancellationToken: Cancellation));

        Assert.Contains("MR4101", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_OfOneJob_GoesByItsName()
    {
        await RunAsync<int>();
        using var next = Build<long>();
        var check = next.Services.GetRequiredService<IMillraceUpgradeCheck>();

        var report = await check.CheckAsync("COUNTS", cancellationToken: Cancellation);

        Assert.Equal(UpgradeStatus.Migrates, report["counter"].Status);
        Assert.Null((await check.CheckAsync("other", cancellationToken: Cancellation)).Path);
        await Assert.ThrowsAsync<KeyNotFoundException>(() => check.CheckAsync("nobody", cancellationToken: Cancellation));
        var missing = await Assert.ThrowsAsync<MillraceException>(() => check.CheckAsync("counts", new UpgradeCheckOptions { Savepoint = "nowhere" }, Cancellation));
        Assert.Contains("nowhere", missing.Message, StringComparison.Ordinal);
    }

    private async Task RunAsync<T>()
        where T : struct
    {
        using var host = Build<T>();
        await host.StartAsync(Cancellation);
        var job = host.Services.GetRequiredService<IMillraceJobs>()["counts"];
        await host.Services.GetRequiredService<Seen>().First.Soon();
        await job.TriggerWhenRunningAsync();
        await host.StopAsync(Cancellation);
    }

    private Microsoft.Extensions.Hosting.IHost Build<T>()
        where T : struct
    {
        var builder = TestHosts.Create();
        builder.Services.AddSingleton<Seen>();
        builder.AddMillrace()
            .AddJob(
                "counts",
                env => env.FromGenerator(index => index, 1_000_000, recordsPerSecond: 1_000).Uid("numbers").KeyBy(_ => 0).Process(env.FromServices<Counter<T>>()).Uid("counter").Discard().Uid("out"),
                options => options.Checkpoints.Storage = _storage)
            .AddJob("other", env => env.FromSequence(1, 3).Discard(), TestHosts.InMemory);
        return builder.Build();
    }

    private sealed class Seen
    {
        private readonly TaskCompletionSource<bool> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> First => _first.Task;

        public void Record() => _first.TrySetResult(true);
    }

    private sealed class Counter<T>(Seen seen) : KeyedProcessFunction<int, long, int>
        where T : struct
    {
        private ValueState<T> _count = null!;

        public override void Open(RuntimeContext context) => _count = context.GetState(new ValueStateDescriptor<T>("count"));

        public override void ProcessElement(long value, KeyedProcessContext<int> context, Collector<int> output)
        {
            _count.Value = default;
            seen.Record();
        }
    }
}
