using Millrace.Checkpointing;

namespace Millrace.Hosting;

/// <summary>
/// The cluster that this worker belongs to, to be injected wherever its jobs are looked at or steered. It answers the same on every worker. Safe for use by several threads.
/// </summary>
/// <example><code>app.MapPost("/savepoint", (IMillraceCluster cluster) =&gt; cluster.TriggerSavepointAsync("orders", "savepoints/by-hand"));</code></example>
public interface IMillraceCluster
{
    /// <summary>This worker.</summary>
    ClusterWorker Me { get; }

    /// <summary>The workers that are alive, as far as this one knows. It may be late by some seconds.</summary>
    IReadOnlyList<ClusterWorker> Workers { get; }

    /// <summary>Which jobs are in the slots of the workers, as their coordinators have told within the last second or so.</summary>
    /// <param name="cancellationToken">Stops waiting for the answer.</param>
    /// <returns>The workers that are alive.</returns>
    /// <exception cref="MillraceException">The slot ledger of the cluster does not answer (MR6004).</exception>
    Task<IReadOnlyList<ClusterWorkerSlots>> GetSlotsAsync(CancellationToken cancellationToken = default);

    /// <summary>The names of the jobs: those of the workers' own program in the order in which they were added, then those that were submitted, as far as this worker knows. It may be late by some seconds.</summary>
    IReadOnlyList<string> Jobs { get; }

    /// <summary>How a job is.</summary>
    /// <param name="job">The job's name, in any case of letters.</param>
    /// <param name="cancellationToken">Stops waiting for the answer.</param>
    /// <returns>Its status.</returns>
    /// <exception cref="KeyNotFoundException">There is no job of that name.</exception>
    /// <exception cref="MillraceException">No coordinator answers (MR6004).</exception>
    Task<ClusterJobStatus> GetStatusAsync(string job, CancellationToken cancellationToken = default);

    /// <summary>Cancels a job. It has ended for all workers, and for those that start later.</summary>
    /// <param name="job">The job's name, in any case of letters.</param>
    /// <param name="cancellationToken">Stops waiting; the job may be cancelled all the same.</param>
    /// <returns>Complete when the coordinator knows it.</returns>
    Task CancelAsync(string job, CancellationToken cancellationToken = default);

    /// <summary>Starts a job again that has finished, failed or was cancelled. It goes on from its last checkpoint where its options say so.</summary>
    /// <param name="job">The job's name, in any case of letters.</param>
    /// <param name="cancellationToken">Stops waiting; the job may be started all the same.</param>
    /// <returns>Complete when a coordinator has begun.</returns>
    /// <exception cref="MillraceException">The job has not ended (MR6005).</exception>
    Task StartAgainAsync(string job, CancellationToken cancellationToken = default);

    /// <summary>Takes a checkpoint of a job now.</summary>
    /// <param name="job">The job's name, in any case of letters.</param>
    /// <param name="cancellationToken">Stops waiting; the checkpoint goes on.</param>
    /// <returns>The path of the checkpoint.</returns>
    Task<string> TriggerCheckpointAsync(string job, CancellationToken cancellationToken = default);

    /// <summary>Takes a savepoint of a job, which goes on.</summary>
    /// <param name="job">The job's name, in any case of letters.</param>
    /// <param name="folder">The folder of the savepoint, in the storage of the job's checkpoints.</param>
    /// <param name="format">The format of keyed state.</param>
    /// <param name="cancellationToken">Stops waiting; the savepoint goes on.</param>
    /// <returns>The path of the savepoint.</returns>
    Task<string> TriggerSavepointAsync(string job, string folder, SavepointFormat format = SavepointFormat.Canonical, CancellationToken cancellationToken = default);

    /// <summary>Takes a savepoint of a job and stops it.</summary>
    /// <param name="job">The job's name, in any case of letters.</param>
    /// <param name="folder">The folder of the savepoint, in the storage of the job's checkpoints.</param>
    /// <param name="drain">Whether the input counts as ended: open windows fire. For jobs that are not to go on.</param>
    /// <param name="format">The format of keyed state.</param>
    /// <param name="cancellationToken">Stops waiting; the job is stopped all the same.</param>
    /// <returns>The path of the savepoint.</returns>
    Task<string> StopWithSavepointAsync(string job, string folder, bool drain = false, SavepointFormat format = SavepointFormat.Canonical, CancellationToken cancellationToken = default);

    /// <summary>Lets a job go on with another parallelism, from a checkpoint that is taken now. It is remembered for later starts.</summary>
    /// <param name="job">The job's name, in any case of letters.</param>
    /// <param name="parallelism">The new default parallelism.</param>
    /// <param name="cancellationToken">Stops waiting; the job is rescaled all the same.</param>
    /// <returns>Complete when the job has been told.</returns>
    Task RescaleAsync(string job, int parallelism, CancellationToken cancellationToken = default);

    /// <summary>
    /// Bounds how few and how many subtasks single tasks of a job may have, in place of what the program says. They hold for every rescale, for the mode <c>Reactive</c> and for the autoscaler, and are remembered for later starts. Where they change
    /// anything the job goes on from a checkpoint that is taken now.
    /// </summary>
    /// <param name="job">The job's name, in any case of letters.</param>
    /// <param name="bounds">All bounds that are to hold, by the name of a task, or by the uid or name of one of its operators; an empty one takes all back. Tasks that are not named are as the program says.</param>
    /// <param name="cancellationToken">Stops waiting; the bounds hold all the same.</param>
    /// <returns>Complete when the job runs within the bounds.</returns>
    /// <exception cref="MillraceException">There is no such task, or it cannot have these bounds (MR6010); the job has ended (MR6005).</exception>
    /// <example><code>await cluster.SetParallelismBoundsAsync("orders", new Dictionary&lt;string, ParallelismBounds&gt; { ["enrich"] = new(1, 4) });</code></example>
    Task SetParallelismBoundsAsync(string job, IReadOnlyDictionary<string, ParallelismBounds> bounds, CancellationToken cancellationToken = default);
}
