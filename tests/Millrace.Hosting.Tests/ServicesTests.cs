using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;

namespace Millrace.Hosting.Tests;

/// <summary>Services in functions: a scope for each subtask and attempt.</summary>
public sealed class ServicesTests
{
    private readonly Ledger _ledger = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Scope_IsSharedWithinASubtaskAndWithNoOther_AndDisposedBehindTheFunctions()
    {
        await Run(env => env.FromSequence(1, 100).Forward().Process(() => new Asking(_ledger)).Forward().Process(() => new Asking(_ledger)).Discard(), parallelism: 2);
        Assert.Equal(2, _ledger.Made);
        Assert.Equal(2, _ledger.Disposed);
        Assert.Equal(4, _ledger.Asked.Count);
        Assert.All(_ledger.Asked.GroupBy(asked => asked.Subtask), subtask => Assert.Single(subtask.Select(asked => asked.Connection).Distinct()));
        Assert.Equal(2, _ledger.Asked.Select(asked => asked.Connection).Distinct().Count());
        Assert.False(_ledger.ClosedAfterDisposal);
    }

    [Fact]
    public async Task Scope_AfterARestart_IsAnother()
    {
        int attempts = 0;
        await Run(
            env => env.FromSequence(1, 10).Process(() => new Asking(_ledger)).Map(n => n == 5 && Interlocked.Increment(ref attempts) == 1 ? throw new InvalidOperationException("once") : n).Discard(),
            RestartStrategy.FixedDelay(1, TimeSpan.Zero));
        Assert.Equal((2, 2, 2), (_ledger.Made, _ledger.Disposed, _ledger.Asked.Select(asked => asked.Connection).Distinct().Count()));
    }

    [Fact]
    public async Task Scope_WhereOpeningFails_IsDisposed()
    {
        var error = await Assert.ThrowsAsync<JobFailedException>(() => Run(env => env.FromSequence(1, 10).Process(() => new Asking(_ledger) { FailsInOpen = true }).Discard()));
        Assert.Contains("not today", error.Message, StringComparison.Ordinal);
        Assert.Equal((1, 1), (_ledger.Made, _ledger.Disposed));
    }

    [Fact]
    public async Task Function_FromServices_GetsServicesAndArguments()
    {
        await Run(env => env.FromSequence(1, 10).Process(env.FromServices<Injected>(_ledger, "argument")).Discard());
        Assert.Equal((1, 1), (_ledger.Made, _ledger.Disposed));
        Assert.Equal(["argument"], _ledger.Said);
    }

    [Fact]
    public async Task Function_FromServicesThatAreMissing_FailsTheJob()
    {
        var error = await Assert.ThrowsAsync<JobFailedException>(() => Run(env => env.FromSequence(1, 10).Process(env.FromServices<Injected>()).Discard()));
        Assert.Contains(nameof(Injected), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Factory_OutsideOfASubtask_SaysWhatToDo() =>
        Assert.Contains("without calling it", Assert.Throws<InvalidOperationException>(() => new StreamExecutionEnvironment().FromServices<Injected>()()).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Services_WithoutAHost_SayWhatToDo()
    {
        var env = new StreamExecutionEnvironment();
        env.FromSequence(1, 10).Process(() => new Asking(_ledger)).Discard();
        var error = await Assert.ThrowsAsync<JobFailedException>(() => env.ExecuteAsync(cancellationToken: Cancellation));
        Assert.Contains("AddMillrace", error.Message, StringComparison.Ordinal);
        Assert.Contains("StreamExecutionEnvironment.Services", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Services_ThatAreSetWithoutAHost_AreUsed()
    {
        var services = new ServiceCollection().AddSingleton(_ledger).AddScoped<Connection>();
        await using var provider = services.BuildServiceProvider();
        var env = new StreamExecutionEnvironment { Services = provider, Options = { Parallelism = 1 } };
        env.FromSequence(1, 10).Process(() => new Asking(_ledger)).Discard();
        await env.ExecuteAsync(cancellationToken: Cancellation);
        Assert.Equal((1, 1), (_ledger.Made, _ledger.Disposed));
    }

    private async Task Run(Action<StreamExecutionEnvironment> build, RestartStrategy? restart = null, int parallelism = 1)
    {
        var builder = TestHosts.Create(("Millrace:Host:OnJobFailure", "Continue"));
        builder.Services.AddSingleton(_ledger);
        builder.Services.AddScoped<Connection>();
        builder.AddMillrace().AddJob("job", build, options =>
        {
            TestHosts.InMemory(options);
            options.RestartStrategy = restart ?? RestartStrategy.None();
            options.Parallelism = parallelism;
        });
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        try
        {
            await host.Services.GetRequiredService<IMillraceJobs>()["job"].Completion.Soon();
        }
        finally
        {
            await host.StopAsync(Cancellation);
        }
    }

    private sealed class Ledger
    {
        private int _made;
        private int _disposed;

        public int Made => _made;

        public int Disposed => _disposed;

        public bool ClosedAfterDisposal { get; set; }

        public ConcurrentQueue<(int Subtask, Connection Connection)> Asked { get; } = new();

        public ConcurrentQueue<string> Said { get; } = new();

        public void Make() => Interlocked.Increment(ref _made);

        public void Dispose() => Interlocked.Increment(ref _disposed);
    }

    private sealed class Connection : IAsyncDisposable
    {
        private readonly Ledger _ledger;

        public Connection(Ledger ledger)
        {
            _ledger = ledger;
            ledger.Make();
        }

        public bool IsDisposed { get; private set; }

        public async ValueTask DisposeAsync()
        {
            await Task.Yield();
            IsDisposed = true;
            _ledger.Dispose();
        }
    }

    private sealed class Asking(Ledger ledger) : ProcessFunction<long, long>
    {
        private Connection? _connection;

        public bool FailsInOpen { get; init; }

        public override void Open(RuntimeContext context)
        {
            _connection = context.Services.GetRequiredService<Connection>();
            ledger.Asked.Enqueue((context.SubtaskIndex, _connection));
            if (FailsInOpen)
            {
                throw new InvalidOperationException("not today");
            }
        }

        public override void ProcessElement(long value, ProcessContext context, Collector<long> output) => output.Collect(value);

        public override void Close() => ledger.ClosedAfterDisposal |= _connection?.IsDisposed ?? false;
    }

    private sealed class Injected(Connection connection, Ledger ledger, string argument) : ProcessFunction<long, long>
    {
        public override void Open(RuntimeContext context)
        {
            Assert.Same(connection, context.Services.GetRequiredService<Connection>());
            ledger.Said.Enqueue(argument);
        }

        public override void ProcessElement(long value, ProcessContext context, Collector<long> output) => output.Collect(value);
    }
}
