namespace Millrace.Cluster.Coordination;

/// <summary>The seat of the cluster's slot ledger: one, wherever it is.</summary>
[Alias("millrace.slots")]
internal interface ISlotLedgerGrain : IGrainWithStringKey
{
    /// <summary>A coordinator asks what its job may use. Both ways as JSON: see <see cref="SlotLedgerFormat"/>.</summary>
    [Alias("ask")]
    Task<string?> AskAsync(string claim);

    [Alias("leave")]
    Task LeaveAsync(string job, long term);

    /// <summary>The slots in use, as JSON of an array of <see cref="SlotUse"/>.</summary>
    [Alias("use")]
    Task<string> GetUseAsync();
}
