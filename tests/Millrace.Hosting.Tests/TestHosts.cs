using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Testing;

namespace Millrace.Hosting.Tests;

/// <summary>Hosts as applications make them, which write no file and keep what they log.</summary>
internal static class TestHosts
{
    public static TimeSpan Timeout => TimeSpan.FromSeconds(30);

    public static HostApplicationBuilder Create(params (string Key, string? Value)[] settings) => Create([], settings);

    public static HostApplicationBuilder Create(string[] args, params (string Key, string? Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string, string?>(setting.Key, setting.Value)));
        builder.Configuration.AddCommandLine(args);
        builder.Logging.SetMinimumLevel(LogLevel.Debug);
        return builder;
    }

    public static KeptLog KeepLog(this IHostApplicationBuilder builder)
    {
        var log = new KeptLog();
        builder.Logging.AddProvider(log);
        return log;
    }

    /// <summary>Checkpoints in memory, and no attempt after a failure.</summary>
    public static void InMemory(ExecutionOptions options)
    {
        options.Checkpoints.Storage = new InMemoryCheckpointStorage();
        options.RestartStrategy = RestartStrategy.None();
    }

    public static Task<T> Soon<T>(this TaskCompletionSource<T> source) => source.Task.WaitAsync(Timeout, TestContext.Current.CancellationToken);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Timeout, TestContext.Current.CancellationToken);

    public static Task Soon(this Task task) => task.WaitAsync(Timeout, TestContext.Current.CancellationToken);
}

/// <summary>Jobs that have just been started.</summary>
internal static class StartedJobs
{
    /// <summary>Takes a checkpoint. Before the job has begun the engine refuses it, so it is asked for until that is over.</summary>
    public static async Task<string> TriggerWhenRunningAsync(this JobClient job)
    {
        while (true)
        {
            try
            {
                return await job.TriggerCheckpointAsync().Soon();
            }
            catch (MillraceException) when (job.State is JobState.Created or JobState.Running)
            {
                await Task.Yield();
            }
        }
    }
}

/// <summary>Keeps what is logged.</summary>
internal sealed class KeptLog : ILoggerProvider
{
    private readonly ConcurrentQueue<(int Id, LogLevel Level, string Message)> _lines = new();
    private readonly ConcurrentQueue<(int Id, string Part, TaskCompletionSource Seen)> _awaited = new();

    public IReadOnlyList<(int Id, LogLevel Level, string Message)> Lines => [.. _lines];

    /// <summary>Complete when a message has been logged.</summary>
    public Task WaitFor(int id, string part = "")
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _awaited.Enqueue((id, part, seen));
        Look();
        return seen.Task;
    }

    private void Look()
    {
        foreach (var (id, part, seen) in _awaited)
        {
            if (_lines.Any(line => line.Id == id && line.Message.Contains(part, StringComparison.Ordinal)))
            {
                seen.TrySetResult();
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose()
    {
    }

    private sealed class Logger(KeptLog owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            owner._lines.Enqueue((eventId.Id, logLevel, formatter(state, exception)));
            owner.Look();
        }
    }
}
