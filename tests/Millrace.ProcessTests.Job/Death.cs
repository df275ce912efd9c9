using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Millrace.Connectors;

namespace Millrace.ProcessTests;

/// <summary>Moments at which the process ends itself as if it were killed.</summary>
public enum DeathPoint
{
    /// <summary>Never; whoever started it may kill it.</summary>
    Never,

    /// <summary>The state has been found, and no subtask is made yet.</summary>
    Restored,

    /// <summary>A checkpoint is complete, and nobody has heard of it.</summary>
    Completed,

    /// <summary>A writer is made, with what that cleans up, and others are not.</summary>
    WriterOpened,

    /// <summary>A writer has prepared for a checkpoint that is not complete.</summary>
    Prepared,

    /// <summary>A committer has committed half of what it was given.</summary>
    CommittedHalf,

    /// <summary>A committer has committed, and the engine does not know it yet.</summary>
    Committed,

    /// <summary>The job has recorded that it has finished, and the process has not ended.</summary>
    Ended,
}

/// <summary>Ends the process when a moment comes for the nth time, and tells on standard output how it goes. Safe for use by several threads.</summary>
internal sealed class Death(DeathPoint point, int occurrence) : ILoggerFactory, ILogger
{
    private const int StateChanged = 2005;
    private const int Restored = 3002;
    private const int Completed = 3003;
    private int _seen;

    public void Come(DeathPoint now)
    {
        if (now == point && Interlocked.Increment(ref _seen) == occurrence)
        {
            // SIGKILL, where there are signals: nothing of this process runs any more.
            using var self = Process.GetCurrentProcess();
            self.Kill();
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Console.Out.WriteLine(formatter(state, exception) + (exception is null ? "" : " " + exception.ToString().ReplaceLineEndings(" | ")));
        switch (eventId.Id)
        {
            case StateChanged when StateOf(state) == JobState.Finished:
                Come(DeathPoint.Ended);
                break;
            case Restored:
                Come(DeathPoint.Restored);
                break;
            case Completed:
                Come(DeathPoint.Completed);
                break;
        }
    }

    public void Dispose()
    {
    }

    private static JobState? StateOf<TState>(TState state) =>
        (state as IEnumerable<KeyValuePair<string, object?>>)?.FirstOrDefault(value => value.Key == "State").Value as JobState?;
}

/// <summary>A sink in which the process may end at any step.</summary>
internal sealed class DyingSink<T, TCommittable>(CommittingSink<T, TCommittable> sink, Death death) : CommittingSink<T, TCommittable>
{
    public override void Validate() => sink.Validate();

    public override CommittingSinkWriter<T, TCommittable> CreateWriter(SinkWriterContext context)
    {
        var writer = new Writer(sink.CreateWriter(context), death);
        death.Come(DeathPoint.WriterOpened);
        return writer;
    }

    public override Committer<TCommittable> CreateCommitter(SinkWriterContext context) => new DyingCommitter(sink.CreateCommitter(context), death);

    private sealed class Writer(CommittingSinkWriter<T, TCommittable> writer, Death death) : CommittingSinkWriter<T, TCommittable>
    {
        public override ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken) => writer.WriteAsync(batch, cancellationToken);

        public override ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken) => writer.FlushAsync(endOfInput, cancellationToken);

        public override void SnapshotState(long checkpointId) => writer.SnapshotState(checkpointId);

        public override ValueTask CloseAsync() => writer.CloseAsync();

        public override async ValueTask<IReadOnlyList<TCommittable>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
        {
            var prepared = await writer.PrepareCommitAsync(checkpointId, endOfInput, cancellationToken);
            death.Come(DeathPoint.Prepared);
            return prepared;
        }
    }

    private sealed class DyingCommitter(Committer<TCommittable> committer, Death death) : Committer<TCommittable>
    {
        public override async ValueTask CommitAsync(IReadOnlyList<TCommittable> committables, CancellationToken cancellationToken)
        {
            int half = (committables.Count + 1) / 2;
            await committer.CommitAsync([.. committables.Take(half)], cancellationToken);
            death.Come(DeathPoint.CommittedHalf);
            if (half < committables.Count)
            {
                await committer.CommitAsync([.. committables.Skip(half)], cancellationToken);
            }

            death.Come(DeathPoint.Committed);
        }

        public override ValueTask CloseAsync() => committer.CloseAsync();
    }
}
