using Microsoft.Extensions.Logging;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Worlds;

/// <summary>Brings what the engine logs into the log of the world.</summary>
internal sealed class SimulationLoggers(SimulationLog log, string process) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new Logger(log, process, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("The log of the world takes no providers.");

    public void Dispose()
    {
    }

    private sealed class Logger(SimulationLog log, string process, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => log.IsEnabled && logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log.Write(process, $"{logLevel} {category}: {formatter(state, exception)}{(exception is null ? "" : $" [{exception.GetType().Name}: {exception.Message}]")}");
            }
        }
    }
}
