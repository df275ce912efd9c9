using System.Text.Json;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Coordination;

/// <summary>Asks the grain that holds the slot ledger.</summary>
internal sealed class GrainSlotLedger(IGrainFactory grains) : ISlotLedger
{
    /// <summary>The key of the one grain.</summary>
    public const string Key = "slots";

    private ISlotLedgerGrain Grain => grains.GetGrain<ISlotLedgerGrain>(Key);

    public async Task<SlotGrant?> AskAsync(SlotClaim claim) =>
        await Grain.AskAsync(JsonSerializer.Serialize(claim, SlotLedgerFormat.Default.SlotClaim)).ConfigureAwait(false) is { } grant ? JsonSerializer.Deserialize(grant, SlotLedgerFormat.Default.SlotGrant) : null;

    public Task LeaveAsync(string job, long term) => Grain.LeaveAsync(job, term);
}
