using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>Keeps what is logged.</summary>
internal sealed class RecordedLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();
    private readonly TaskCompletionSource _warned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What somebody may have to act on.</summary>
    public IReadOnlyList<string> Warnings => [.. _lines.Where(line => line.Level >= LogLevel.Warning).Select(line => line.Text)];

    /// <summary>The only warning, once there is one: in a handshake of TLS the other end hears of the refusal first.</summary>
    public async Task<string> WarningAsync()
    {
        await _warned.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return Assert.Single(Warnings);
    }

    public IReadOnlyList<string> All => [.. _lines.Select(line => line.Text)];

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _lines.Enqueue((logLevel, $"{formatter(state, exception)} {exception}".TrimEnd()));
        if (logLevel >= LogLevel.Warning)
        {
            _warned.TrySetResult();
        }
    }

    public void Dispose()
    {
    }
}
