using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Coordination;

/// <summary>Makes the coordinators of the jobs that this process knows how to build.</summary>
internal interface IJobMasterFactory
{
    /// <summary>The names of the jobs.</summary>
    IReadOnlyList<string> Jobs { get; }

    /// <summary>Whether it makes coordinators of jobs that were submitted, too.</summary>
    bool TakesPrograms => false;

    /// <summary>Starts a coordinator.</summary>
    /// <param name="job">The job.</param>
    /// <param name="record">What the cluster remembers of it; the term has been raised and written.</param>
    /// <param name="cluster">Who is alive.</param>
    /// <param name="dataPlane">Dials workers.</param>
    /// <param name="remember">Writes how many subtasks each task is to have into the record. Safe to call from any thread.</param>
    IJobMaster Start(string job, JobRecord record, IClusterView cluster, IDataPlane dataPlane, Func<IReadOnlyList<int>, Task> remember);
}
