using Millrace.Checkpointing;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Coordination;

/// <summary>What a cluster remembers of a job while no coordinator of it runs. Small; written with an ETag.</summary>
/// <param name="Term">The number of the coordinator that ran last; raised, and written, before a coordinator does anything.</param>
/// <param name="Parallelism">What somebody asked for by a rescale; null where nobody has.</param>
/// <param name="End">How the job ended; null while it has not. A job that has ended is not started again.</param>
/// <param name="Error">Why, where it failed.</param>
internal sealed record JobRecord(long Term, int? Parallelism, JobState? End, string? Error)
{
    public static JobRecord New { get; } = new(0, null, null, null);
}

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

    /// <summary>Goes on with another parallelism from a checkpoint that is taken now. The caller has written it into the <see cref="JobRecord"/>.</summary>
    Task RescaleAsync(int parallelism);
}

/// <summary>A job at one moment.</summary>
/// <param name="State">Its state.</param>
/// <param name="Term">The number of the coordinator.</param>
/// <param name="Parallelism">The default parallelism that it runs with; 0 while it waits for slots.</param>
/// <param name="Subtasks">Subtasks with their states and workers.</param>
/// <param name="Waiting">What it waits for; null where it runs.</param>
/// <param name="Restarts">How often parts of it were started again, in this term.</param>
/// <param name="LastCheckpoint">The number of the last completed checkpoint; null where there is none.</param>
/// <param name="LastFailure">The message of the last failure in this term.</param>
internal sealed record JobMasterStatus(
    JobState State, long Term, int Parallelism, IReadOnlyList<SubtaskStatus> Subtasks, string? Waiting, long Restarts, long? LastCheckpoint, string? LastFailure)
{
    /// <summary>What was decided about slots and parallelism in this term, and why; the newest last.</summary>
    public IReadOnlyList<SchedulingEvent> Decisions { get; init; } = [];
}

/// <summary>A decision about slots or parallelism.</summary>
/// <param name="Time">When.</param>
/// <param name="Decision">What, and why.</param>
internal sealed record SchedulingEvent(DateTimeOffset Time, string Decision);

/// <summary>A subtask at one moment.</summary>
/// <param name="Name">Task and number, for people.</param>
/// <param name="State">Its state.</param>
/// <param name="Worker">The name of its worker.</param>
internal sealed record SubtaskStatus(string Name, string State, string? Worker);

/// <summary>Makes the coordinators of the jobs that this process knows how to build.</summary>
internal interface IJobMasterFactory
{
    /// <summary>The names of the jobs.</summary>
    IReadOnlyList<string> Jobs { get; }

    /// <summary>Starts a coordinator. The term has been raised and written.</summary>
    IJobMaster Start(string job, JobRecord record, IClusterView cluster, IDataPlane dataPlane);
}
