using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;

namespace Millrace.Runtime.Coordination;

/// <summary>Subtasks that are to be made, all of one attempt and connected with nobody else.</summary>
/// <param name="Job">The job.</param>
/// <param name="Subtasks">The subtasks.</param>
/// <param name="Attempt">The number of the attempt, in this run.</param>
/// <param name="Epoch">The number of the attempt, over all runs.</param>
/// <param name="JobId">The name under which checkpoints are kept.</param>
/// <param name="Restore">The state that they begin with; null for none.</param>
/// <param name="Sources">Connects readers with their enumerators.</param>
/// <param name="Listener">Hears how the subtasks fare, and of their snapshots.</param>
/// <param name="Writer">Writes snapshots; null where there are no checkpoints.</param>
internal sealed record Deployment(
    JobGraph Job,
    IReadOnlySet<SubtaskId> Subtasks,
    int Attempt,
    long Epoch,
    string JobId,
    StateAssignment? Restore,
    ISourceConnector Sources,
    ISubtaskListener Listener,
    ISnapshotWriter? Writer);

/// <summary>Makes the subtasks of a job, on one worker or several. Called on the job's turn; must not block.</summary>
internal interface IJobHost
{
    /// <summary>Whether snapshots are written by other processes, so that this one has to be told of their files.</summary>
    bool IsDistributed => false;

    /// <summary>What was last heard of the subtasks of other processes that have not ended, with their attempts. Safe to read from any thread.</summary>
    IReadOnlyDictionary<SubtaskId, (int Attempt, TaskCounts Counts)> Counts => FrozenDictionary<SubtaskId, (int Attempt, TaskCounts Counts)>.Empty;

    /// <summary>How far the operators of those had come then. Safe to read from any thread.</summary>
    IReadOnlyDictionary<SubtaskId, IReadOnlyList<OperatorProgress>> Progress => FrozenDictionary<SubtaskId, IReadOnlyList<OperatorProgress>>.Empty;

    /// <summary>Finds a place for subtasks, and waits until there is room for all of them.</summary>
    /// <param name="subtasks">Those that are to be made.</param>
    /// <param name="ready">Called once, on any thread: with nothing when <see cref="Deploy"/> may be called, else with why there is no room.</param>
    void Reserve(IReadOnlyCollection<SubtaskId> subtasks, Action<Exception?> ready) => ready(null);

    /// <summary>Makes subtasks. Those of this process run when they are woken, others by themselves.</summary>
    IReadOnlyDictionary<SubtaskId, ISubtaskHandle> Deploy(Deployment deployment);

    /// <summary>A checkpoint is over.</summary>
    /// <param name="checkpointId">The checkpoint.</param>
    /// <param name="isDiscarded">Whether nothing of it will ever be used: who wrote files for it deletes them.</param>
    void CheckpointOver(long checkpointId, bool isDiscarded)
    {
    }
}

/// <summary>All subtasks live in this process.</summary>
/// <param name="scheduler">Runs the subtasks.</param>
/// <param name="serializers">Gives serializers and hashers.</param>
/// <param name="loggers">Makes loggers for functions.</param>
/// <param name="services">What functions take services from; null for nothing.</param>
internal sealed class LocalHost(ITaskScheduler scheduler, ISerializerProvider serializers, ILoggerFactory loggers, IServiceProvider? services) : IJobHost
{
    public IReadOnlyDictionary<SubtaskId, ISubtaskHandle> Deploy(Deployment deployment) =>
        new LocalWorker(deployment, scheduler, new Exchange.LocalChannelFactory(deployment.Job.Options.ChannelCapacity), serializers, loggers, deployment.Subtasks.Contains, services)
            .Subtasks.ToDictionary(pair => pair.Key, pair => (ISubtaskHandle)pair.Value);
}
