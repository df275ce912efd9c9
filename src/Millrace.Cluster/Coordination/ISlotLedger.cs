using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Coordination;

/// <summary>The <see cref="SlotLedger"/> of the cluster, wherever it is. Safe for use by several threads.</summary>
internal interface ISlotLedger
{
    /// <summary>Asks what a job may use.</summary>
    /// <returns>Null where the ledger cannot say it yet.</returns>
    Task<SlotGrant?> AskAsync(SlotClaim claim);

    /// <summary>The job has ended.</summary>
    Task LeaveAsync(string job, long term);
}
