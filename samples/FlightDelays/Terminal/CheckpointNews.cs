using Microsoft.Extensions.Logging;

namespace FlightDelays.Terminal;

/// <summary>Listens to what the engine logs for what a user wants to know of checkpoints. Safe for use by several threads.</summary>
public sealed class CheckpointNews : ILoggerFactory, ILogger
{
    // The engine's event ids.
    private const int Restarting = 2004;
    private const int Restored = 3002;
    private const int Completed = 3003;
    private const int GivenUp = 3004;
    private const long None = 0;
    private long _restored;
    private long _completed;

    /// <summary>Called with one line for each piece of news, from threads of the engine.</summary>
    public Action<string>? Told { get; set; }

    /// <summary>The checkpoint that this run went on from; <see langword="null"/> where it began anew.</summary>
    public long? RestoredFrom => Value(ref _restored);

    /// <summary>The latest checkpoint, from which another run would go on; <see langword="null"/> if there is none.</summary>
    public long? Latest => Value(ref _completed) ?? RestoredFrom;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider)
    {
    }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        switch (eventId.Id)
        {
            case Completed when IdOf(state) is { } id:
                Volatile.Write(ref _completed, id);
                Told?.Invoke($"Checkpoint {id} is complete.");
                break;
            case Restored when IdOf(state) is { } id:
                Volatile.Write(ref _restored, id);
                Told?.Invoke($"Goes on from checkpoint {id}.");
                break;
            case Restarting or GivenUp:
                Told?.Invoke(exception is null ? formatter(state, null) : $"{formatter(state, null)} {exception.Message.ReplaceLineEndings(" ")}");
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static long? IdOf<TState>(TState state) =>
        (state as IEnumerable<KeyValuePair<string, object?>>)?.FirstOrDefault(value => value.Key == "CheckpointId").Value as long?;

    private static long? Value(ref long field) => Volatile.Read(ref field) is var value && value == None ? null : value;
}
