using System.Text.Json;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Coordination;

/// <summary>
/// Holds the slot ledger. It keeps nothing on a disk: one that begins elsewhere has heard from all coordinators within a moment. That there is one is a hint as well; workers refuse what would be too much.
/// </summary>
[KeepAlive]
internal sealed class SlotLedgerGrain : Grain, ISlotLedgerGrain
{
    private readonly TimeProvider _time;
    private readonly long _begun;
    private readonly SlotLedger _ledger;

    public SlotLedgerGrain(TimeProvider time)
    {
        _time = time;
        _begun = time.GetTimestamp();

        // Behind all numbers of one before, unless it made over 1,000 a millisecond, or the clocks of two machines are apart; then some slots are kept for a moment longer.
        _ledger = new SlotLedger(0, time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000);
    }

    private long Now => (long)_time.GetElapsedTime(_begun).TotalMilliseconds;

    public Task<string?> AskAsync(string claim)
    {
        var asked = JsonSerializer.Deserialize(claim, SlotLedgerFormat.Default.SlotClaim)!;
        return Task.FromResult(_ledger.Ask(asked, Now) is { } grant ? JsonSerializer.Serialize(grant, SlotLedgerFormat.Default.SlotGrant) : null);
    }

    public Task LeaveAsync(string job, long term)
    {
        _ledger.Leave(job, term);
        return Task.CompletedTask;
    }

    public Task<string> GetUseAsync() =>
        Task.FromResult(JsonSerializer.Serialize([.. _ledger.Held.Select(static held => new SlotUse(held.Worker, held.Job, held.Slots))], SlotLedgerFormat.Default.SlotUseArray));
}
