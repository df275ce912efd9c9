using Microsoft.Extensions.Logging;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Coordination;

/// <summary>Makes coordinators of the jobs that this host was given.</summary>
/// <param name="builder">Builds the jobs.</param>
/// <param name="options">How slots are waited for and used.</param>
/// <param name="autoscaler">Whether and how parallelism follows load.</param>
/// <param name="ledger">Says which slots a job may use.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">Makes loggers.</param>
internal sealed class JobMasterFactory(IJobBuilder builder, SchedulerOptions options, AutoscalerOptions autoscaler, ISlotLedger ledger, TimeProvider time, ILoggerFactory loggers) : IJobMasterFactory
{
    public IReadOnlyList<string> Jobs => builder.Names;

    public bool TakesPrograms => builder.TakesPrograms;

    public IJobMaster Start(string job, JobRecord record, IClusterView cluster, IDataPlane dataPlane, Func<IReadOnlyList<int>, Task> remember) =>
        new JobMaster(
            job,
            record,
            record.Program is { } program ? builder.Of(program) : builder,
            cluster,
            dataPlane,
            options,
            autoscaler,
            ledger,
            builder.Names.Count == 1 && !builder.TakesPrograms,
            time,
            loggers,
            remember);
}
