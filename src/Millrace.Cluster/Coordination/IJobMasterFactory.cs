using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Coordination;

/// <summary>Makes the coordinators of the jobs that this process knows how to build.</summary>
internal interface IJobMasterFactory
{
    /// <summary>The names of the jobs.</summary>
    IReadOnlyList<string> Jobs { get; }

    /// <summary>Starts a coordinator. The term has been raised and written.</summary>
    IJobMaster Start(string job, JobRecord record, IClusterView cluster, IDataPlane dataPlane);
}
