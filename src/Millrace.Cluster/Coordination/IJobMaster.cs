using Millrace.Checkpointing;

namespace Millrace.Cluster.Coordination;

/// <summary>A running coordinator of one job. Safe for use by several threads.</summary>
internal interface IJobMaster : IAsyncDisposable
{
    /// <summary>How the job is, for people and programs.</summary>
    JobMasterStatus Status { get; }

    /// <summary>Complete when the job has ended for good (finished, canceled, failed); canceled when the master was disposed of before.</summary>
    Task<(JobState State, string? Error)> Completion { get; }

    void Cancel();

    Task<string> TriggerCheckpointAsync();

    Task<string> TriggerSavepointAsync(string folder, SavepointFormat format);

    Task<string> StopWithSavepointAsync(string folder, bool drain, SavepointFormat format);

    /// <summary>Takes a checkpoint, as far as that can be done within a time, for the coordinator that goes on with the job. To be disposed of then.</summary>
    Task HandOverAsync(TimeSpan patience);

    /// <summary>Goes on with another parallelism from a checkpoint that is taken now. The caller has written it into the <see cref="JobRecord"/>.</summary>
    Task RescaleAsync(int parallelism);

    /// <summary>Finds the tasks that bounds of parallelism are for.</summary>
    /// <param name="bounds">By the name of a task, or the name or uid of an operator.</param>
    /// <returns>The same, by the uid of the task's first operator.</returns>
    /// <exception cref="MillraceException">MR6010: there is no such task, or it cannot have them.</exception>
    IReadOnlyDictionary<string, ParallelismBounds> FindTasks(IReadOnlyDictionary<string, ParallelismBounds> bounds);

    /// <summary>Goes on within other bounds of parallelism, from a checkpoint that is taken now where that changes anything. The caller has written them into the <see cref="JobRecord"/>.</summary>
    /// <param name="bounds">By the uid of an operator.</param>
    Task SetParallelismBoundsAsync(IReadOnlyDictionary<string, ParallelismBounds> bounds);
}
