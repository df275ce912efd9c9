using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Millrace.Tests.Diagnostics;

/// <summary>Remembers what was logged.</summary>
internal sealed class LogLines : ILoggerFactory
{
    private readonly ConcurrentQueue<LogLine> _lines = new();

    public IReadOnlyList<LogLine> Of(int eventId) => [.. _lines.Where(line => line.EventId == eventId)];

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public ILogger CreateLogger(string categoryName) => new Logger(_lines);

    public void Dispose()
    {
    }

    private sealed class Logger(ConcurrentQueue<LogLine> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Enqueue(new LogLine(
            eventId.Id, logLevel, formatter(state, exception), exception, ((IReadOnlyList<KeyValuePair<string, object?>>)state!).ToDictionary(pair => pair.Key, pair => pair.Value)));
    }
}

/// <summary>A line of the log with its values.</summary>
internal sealed record LogLine(int EventId, LogLevel Level, string Text, Exception? Error, IReadOnlyDictionary<string, object?> Values);
