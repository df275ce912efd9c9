using Millrace.Cluster.Coordination;
using Orleans.Configuration;

namespace Millrace.Cluster.Membership;

/// <summary>Where a cluster keeps what must outlive its workers: who they are, and the records of jobs.</summary>
internal interface IMembershipStore
{
    /// <summary>What it is, for messages; without passwords.</summary>
    string Description { get; }

    /// <summary>The records of jobs.</summary>
    IJobRecordStore Records { get; }

    /// <summary>Makes what is missing: folders, tables. Several workers may do it at once.</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>The table that Orleans keeps the workers in.</summary>
    IMembershipTable CreateTable(ClusterOptions cluster, IServiceProvider services);
}
