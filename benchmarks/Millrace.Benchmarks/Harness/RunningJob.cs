using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;

namespace Millrace.Benchmarks.Harness;

/// <summary>A job that runs on the embedded engine as a user's does, with a view of what the engine remembers of its checkpoints.</summary>
internal sealed class RunningJob : IAsyncDisposable
{
    private readonly EngineThreads.Lease _threads;
    private readonly JobExecution _execution;

    public RunningJob(StreamExecutionEnvironment env, string name)
    {
        _threads = EngineThreads.Acquire(env.TimeProvider);
        _execution = JobExecution.OnOneWorker(env.BuildJobGraph(name), _threads.Scheduler, new SerializerProvider(env.Serializers), env.LoggerFactory);
        _execution.Start();
    }

    /// <summary>Whether the job has ended, which jobs here do only when something is wrong.</summary>
    public bool HasEnded => _execution.Completion.IsCompleted;

    /// <summary>The checkpoints that are complete, the newest last.</summary>
    public IReadOnlyList<CheckpointRecord> Completed =>
        [.. (_execution.CheckpointHistory?.Current.Records ?? []).Where(record => record.Status == CheckpointStatus.Completed)];

    /// <summary>Whether all subtasks run.</summary>
    public bool AllRun => _execution.Subtasks is { Count: > 0 } subtasks && subtasks.Keys.All(subtask => _execution.StateOf(subtask) == SubtaskState.Running);

    /// <summary>Begins a checkpoint.</summary>
    /// <returns>Complete when the checkpoint is.</returns>
    public Task<string> CheckpointAsync() => _execution.RequestAsync(SnapshotKind.Checkpoint);

    /// <summary>Throws the error of a job that has failed.</summary>
    public async Task ThrowIfFailedAsync()
    {
        if (HasEnded && (await _execution.Completion.ConfigureAwait(false)).Error is { } error)
        {
            throw error;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _execution.Cancel();
        await _execution.Completion.ConfigureAwait(false);
        _threads.Dispose();
    }
}
