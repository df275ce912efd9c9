namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>A worker as it offers slots.</summary>
/// <param name="Id">Names this start of its process.</param>
/// <param name="Name">What people call it; the same after a restart.</param>
/// <param name="Slots">How many slots it offers to all jobs together.</param>
internal sealed record SlotOffer(string Id, string Name, int Slots);

/// <summary>What the coordinator of a job tells the <see cref="SlotLedger"/>: all that the ledger needs to know of the job, so that one that has just begun knows as much as the one before when every job has asked once.</summary>
/// <param name="Job">The job.</param>
/// <param name="Term">The number of its coordinator: of a lesser one nothing is taken any more.</param>
/// <param name="Least">The slots without which it cannot run as it wants to.</param>
/// <param name="Wanted">The slots that it can use; not fewer than <paramref name="Least"/>.</param>
/// <param name="Workers">Those that the coordinator would use.</param>
internal sealed record SlotClaim(string Job, long Term, int Least, int Wanted, IReadOnlyList<SlotOffer> Workers)
{
    /// <summary>Whether it gives up what it holds beyond <see cref="Least"/>, where a job that came later could not start otherwise.</summary>
    public bool GivesBack { get; init; }

    /// <summary>Which workers it prefers.</summary>
    public SlotPlacement Placement { get; init; }

    /// <summary>Whether there can be no other job, so that a ledger that has just begun has nothing to wait for.</summary>
    public bool IsOnly { get; init; }

    /// <summary>The slots that its subtasks are in, by the ids of workers; null while it does not run.</summary>
    public IReadOnlyDictionary<string, int>? Held { get; init; }

    /// <summary>The number of the grant that it goes by; 0 before the first.</summary>
    public long GrantNumber { get; init; }

    /// <summary>What that grant has said; null before the first.</summary>
    public IReadOnlyDictionary<string, int>? Granted { get; init; }

    /// <summary>Its place in the order of jobs, as the first grant has said; null before.</summary>
    public long? Ticket { get; init; }
}

/// <summary>The slots that a job may use from now on.</summary>
/// <param name="Number">Names what is granted: it grows with each change.</param>
/// <param name="Ticket">The job's place in the order in which jobs came.</param>
/// <param name="Slots">How many slots of each worker it may use, by ids.</param>
/// <param name="Attainable">How many it would get if it wanted more, without that another job gives any back.</param>
/// <param name="Reason">Why so many: a sentence or more, for people.</param>
internal sealed record SlotGrant(long Number, long Ticket, IReadOnlyDictionary<string, int> Slots, int Attainable, string Reason)
{
    /// <summary>Whether there is no other job: these are all slots that there are.</summary>
    public bool IsAll { get; init; }

    /// <summary>How many slots it is to go down to, since another job needs the others; null where it may keep what it holds.</summary>
    public int? GiveBackTo { get; init; }
}
