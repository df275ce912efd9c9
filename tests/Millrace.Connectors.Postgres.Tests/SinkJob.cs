using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Millrace.Connectors.Tests;

/// <summary>Does with a sink what the engine does: subtasks, barriers, completed checkpoints, crashes, restores at another parallelism.</summary>
internal sealed class SinkJob<T>(PostgresSink<T> sink, string jobId, bool checkpoints = true) : IAsyncDisposable
{
    private readonly List<Subtask> _subtasks = [];
    private readonly List<Subtask> _zombies = [];
    private readonly Dictionary<long, List<PostgresTransaction>> _snapshots = [];
    private long _epoch;
    private long _lastCheckpoint;

    internal long? LastCompleted { get; private set; }

    internal int Parallelism => _subtasks.Count;

    internal string JobId => jobId;

    /// <summary>Where the next attempts log.</summary>
    internal ILogger Logger { get; set; } = NullLogger.Instance;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts the next attempt from the latest completed checkpoint: committers first, each with its share of what was prepared.</summary>
    internal async Task StartAsync(int parallelism)
    {
        _epoch++;
        List<PostgresTransaction> restored = LastCompleted is { } id ? _snapshots[id] : [];
        for (int i = 0; i < parallelism; i++)
        {
            var context = new SinkWriterContext("job", "sink", "the:sink/1", i, parallelism, TimeProvider.System, Logger)
            {
                JobId = jobId,
                Epoch = _epoch,
                RestoredCheckpointId = LastCompleted,
                CheckpointingEnabled = checkpoints,
            };

            // Dealt out against the order, so that nobody gets its own.
            var subtask = new Subtask(sink.CreateCommitter(context));
            await subtask.Committer.CommitAsync([.. restored.Where((_, index) => (parallelism - 1 - (index % parallelism)) == i)], Token);
            subtask.Writer = sink.CreateWriter(context);
            _subtasks.Add(subtask);
        }
    }

    internal ValueTask WriteAsync(int subtask, params T[] records) =>
        _subtasks[subtask].Writer!.WriteAsync(new SinkBatch<T>(records, new long[records.Length]), Token);

    /// <summary>A barrier goes through. What is prepared becomes part of the checkpoint, with what earlier ones have left.</summary>
    internal async Task<long> PrepareAsync(bool endOfInput = false)
    {
        long id = ++_lastCheckpoint;
        foreach (var subtask in _subtasks)
        {
            await subtask.Writer!.FlushAsync(endOfInput, Token);
            subtask.Pending.AddRange((await subtask.Writer.PrepareCommitAsync(id, endOfInput, Token)).Select(transaction => (id, transaction)));
            subtask.Writer.SnapshotState(id);
        }

        _snapshots[id] = [.. _subtasks.SelectMany(subtask => subtask.Pending.Select(pending => pending.Transaction))];
        return id;
    }

    /// <summary>The log has the checkpoint. Nobody has heard of it.</summary>
    internal void Complete(long checkpoint) => LastCompleted = checkpoint;

    /// <summary>One subtask hears of the checkpoint that was completed last.</summary>
    internal async Task CommitAsync(int subtask, bool acknowledged = true)
    {
        var it = _subtasks[subtask];
        await it.Committer.CommitAsync([.. it.Pending.Where(pending => pending.Checkpoint <= LastCompleted).Select(pending => pending.Transaction)], Token);
        if (acknowledged)
        {
            it.Pending.RemoveAll(pending => pending.Checkpoint <= LastCompleted);
        }
    }

    internal async Task CommitAllAsync()
    {
        for (int i = 0; i < _subtasks.Count; i++)
        {
            await CommitAsync(i);
        }
    }

    internal async Task CheckpointAsync()
    {
        Complete(await PrepareAsync());
        await CommitAllAsync();
    }

    /// <summary>The program is another from the next attempt on.</summary>
    internal void ChangeSink(PostgresSink<T> other) => sink = other;

    /// <summary>The attempt is over. Its writers are closed, or go on living unseen, as in a process that is frozen.</summary>
    internal async Task CrashAsync(bool frozen = false)
    {
        if (frozen)
        {
            _zombies.AddRange(_subtasks);
        }
        else
        {
            foreach (var subtask in _subtasks)
            {
                await subtask.CloseAsync();
            }
        }

        _subtasks.Clear();
    }

    /// <summary>A frozen process wakes up and prepares what it has. Whether it can is not asked.</summary>
    internal async Task WakeAsync()
    {
        foreach (var zombie in _zombies)
        {
            try
            {
                await zombie.Writer!.PrepareCommitAsync(_lastCheckpoint + 1, false, Token);
            }
            catch (ConnectorException)
            {
                // It was disconnected.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var subtask in _subtasks.Concat(_zombies))
        {
            await subtask.CloseAsync();
        }
    }

    private sealed class Subtask(Committer<PostgresTransaction> committer)
    {
        internal Committer<PostgresTransaction> Committer => committer;

        internal CommittingSinkWriter<T, PostgresTransaction>? Writer { get; set; }

        internal List<(long Checkpoint, PostgresTransaction Transaction)> Pending { get; } = [];

        internal async Task CloseAsync()
        {
            if (Writer is not null)
            {
                await Writer.CloseAsync();
            }

            await committer.CloseAsync();
        }
    }
}
