using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>Subtasks that are to be made, all of one attempt and connected with nobody else.</summary>
/// <param name="Job">The job.</param>
/// <param name="Subtasks">The subtasks.</param>
/// <param name="Attempt">The number of the attempt, in this run.</param>
/// <param name="Epoch">The number of the attempt, over all runs.</param>
/// <param name="JobId">The name under which checkpoints are kept.</param>
/// <param name="Restore">The state that they begin with; null for none.</param>
/// <param name="Enumerators">The enumerators, by node.</param>
/// <param name="Listener">Hears how the subtasks fare, and of their snapshots.</param>
/// <param name="Writer">Writes snapshots; null where there are no checkpoints.</param>
internal sealed record Deployment(
    JobGraph Job,
    IReadOnlySet<SubtaskId> Subtasks,
    int Attempt,
    long Epoch,
    string JobId,
    StateAssignment? Restore,
    IReadOnlyDictionary<int, SplitCoordinator> Enumerators,
    ISubtaskListener Listener,
    ISnapshotWriter? Writer);

/// <summary>Makes the subtasks of a job, on one worker or several.</summary>
internal interface IJobHost
{
    /// <summary>Makes subtasks; none of them runs before it is woken.</summary>
    IReadOnlyDictionary<SubtaskId, Subtask> Deploy(Deployment deployment);
}

/// <summary>All subtasks live in this process.</summary>
/// <param name="scheduler">Runs the subtasks.</param>
/// <param name="serializers">Gives serializers and hashers.</param>
/// <param name="loggers">Makes loggers for functions.</param>
/// <param name="services">What functions take services from; null for nothing.</param>
internal sealed class LocalHost(ITaskScheduler scheduler, ISerializerProvider serializers, ILoggerFactory loggers, IServiceProvider? services) : IJobHost
{
    public IReadOnlyDictionary<SubtaskId, Subtask> Deploy(Deployment deployment) =>
        new LocalWorker(
            deployment, scheduler, new Exchange.LocalChannelFactory(deployment.Job.Options.ChannelCapacity), serializers, loggers, deployment.Subtasks.Contains, services).Subtasks;
}
