namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>
/// Knows who has which slots of a cluster, and says how many of each worker a job may use: claims in, grants out. No I/O, no clock, no thread. Times are milliseconds that never go back.
/// </summary>
/// <remarks>
/// <para>How many slots a job gets is decided by <see cref="SlotShares"/>, and of which workers here: those that it has, and then by its policy.</para>
/// <para>
/// Invariant: of no worker more is granted than it has. What was granted counts as taken until the job has asked again, going by a lesser grant, and has said that it does not hold it: an answer may come late or not at all. What is told here is a hint all the
/// same: workers count their slots themselves.
/// </para>
/// </remarks>
internal sealed class SlotLedger
{
    /// <summary>How often a job asks that has what it wants.</summary>
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(1);

    /// <summary>How long the slots of a job are kept from which nothing is heard: the coordinator that comes next will want them.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    // A job that runs asks within this time, and then the ledger knows what is in use.
    private static readonly TimeSpan Learning = TimeSpan.FromSeconds(1.2);

    // For so long a claim tells who is alive; the coordinator that made it may be dead, and with it a worker.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly long _startedAt;
    private long _lastNumber;
    private long _lastTicket;

    /// <param name="now">The time.</param>
    /// <param name="firstNumber">Greater than those of any ledger before, as far as that can be: the numbers of grants and tickets begin behind it.</param>
    public SlotLedger(long now, long firstNumber)
    {
        _startedAt = now;
        _lastNumber = _lastTicket = firstNumber;
    }

    /// <summary>The jobs that it knows.</summary>
    public IReadOnlyCollection<string> Jobs => _entries.Keys;

    /// <summary>What jobs hold, by worker and job.</summary>
    public IEnumerable<(string Worker, string Job, int Slots)> Held =>
        _entries.Values.SelectMany(static entry => entry.Held.Where(static held => held.Value > 0).Select(held => (held.Key, entry.Job, held.Value)));

    /// <summary>A job asks what it may use, which also renews its lease.</summary>
    /// <param name="claim">What it wants.</param>
    /// <param name="now">The time.</param>
    /// <returns>What it may use; null where that is not known yet, and what it was granted last goes on to count.</returns>
    public SlotGrant? Ask(SlotClaim claim, long now)
    {
        Expire(now);
        if (_entries.TryGetValue(claim.Job, out var entry) && claim.Term < entry.Claim.Term)
        {
            return null;
        }

        if (entry is null)
        {
            _entries.Add(claim.Job, entry = new Entry(claim, claim.Ticket ?? _lastTicket + 1));
            _lastTicket = Math.Max(_lastTicket, entry.Ticket);
        }

        entry.Renew(claim, now);
        _lastNumber = Math.Max(_lastNumber, claim.GrantNumber);
        return !claim.IsOnly && now - _startedAt < Learning.TotalMilliseconds ? null : Grant(entry, now);
    }

    /// <summary>A job has ended: its slots are free.</summary>
    public void Leave(string job, long term)
    {
        if (_entries.TryGetValue(job, out var entry) && term >= entry.Claim.Term)
        {
            _entries.Remove(job);
        }
    }

    private void Expire(long now)
    {
        foreach (var (job, entry) in _entries)
        {
            if (now - entry.Seen > Lease.TotalMilliseconds)
            {
                _entries.Remove(job);
            }
        }
    }

    private SlotGrant Grant(Entry asking, long now)
    {
        if (_entries.Count == 1)
        {
            var all = asking.Claim.Workers.ToDictionary(static worker => worker.Id, static worker => worker.Slots);
            int slots = all.Values.Sum();
            return new SlotGrant(Number(asking, all), asking.Ticket, all, slots, $"It is the only job: it may use all {Text.Count(slots, "slot")}.") { IsAll = true };
        }

        var workers = Known(asking, now);
        int capacity = workers.Values.Sum(static worker => worker.Slots);
        List<Entry> jobs = [.. _entries.Values.OrderBy(static entry => entry.Ticket).ThenBy(static entry => entry.Job, StringComparer.Ordinal)];
        List<SlotShare> wishes = [.. jobs.Select(job => new SlotShare(job.Claim.Least, job.Claim.Wanted, job.HeldOf(workers.Keys), job.Claim.GivesBack))];
        int[] shares = SlotShares.Divide(capacity, wishes);
        int me = jobs.IndexOf(asking);
        int mine = shares[me];
        var grant = SlotChoice.Choose(asking.Claim, asking.Held, asking.LastGrant, asking.HeldNames, mine, UsedByOthers(asking));
        int others = shares.Where((_, i) => i != me).Select((share, i) => Math.Max(share, wishes[i < me ? i : i + 1].Held)).Sum();
        return new SlotGrant(Number(asking, grant), asking.Ticket, grant, Math.Max(mine, capacity - others), Reason(jobs, wishes, shares, me, capacity))
        {
            GiveBackTo = asking.Claim is { GivesBack: true, Held: not null } && mine < wishes[me].Held ? mine : null,
        };
    }

    /// <summary>The workers that the jobs tell of, which is what can be divided.</summary>
    private Dictionary<string, SlotOffer> Known(Entry asking, long now)
    {
        var workers = new Dictionary<string, SlotOffer>(StringComparer.Ordinal);
        foreach (var worker in _entries.Values.Where(entry => entry == asking || now - entry.Seen <= Fresh.TotalMilliseconds).SelectMany(static entry => entry.Claim.Workers))
        {
            workers[worker.Id] = worker;
        }

        return workers;
    }

    private Dictionary<string, int> UsedByOthers(Entry asking)
    {
        var used = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (worker, slots) in _entries.Values.Where(entry => entry != asking).SelectMany(static entry => entry.Taken))
        {
            used[worker] = used.GetValueOrDefault(worker) + slots;
        }

        return used;
    }

    private long Number(Entry entry, Dictionary<string, int> grant)
    {
        if (entry.LastGrant is { } last && Same(last, grant))
        {
            return entry.LastNumber;
        }

        entry.Grants.Add((++_lastNumber, grant));
        return _lastNumber;
    }

    private static bool Same(IReadOnlyDictionary<string, int> one, IReadOnlyDictionary<string, int> other) =>
        one.Count == other.Count && one.All(slots => other.TryGetValue(slots.Key, out int count) && count == slots.Value);

    private static string Reason(List<Entry> jobs, List<SlotShare> wishes, int[] shares, int me, int capacity)
    {
        const int MaxJobs = 5;
        List<int> others = [.. Enumerable.Range(0, jobs.Count).Where(i => i != me && Math.Max(shares[i], wishes[i].Held) > 0)];
        string those = string.Join(", ", others.Take(MaxJobs).Select(i => $"'{jobs[i].Job}' {Text.Number(Math.Max(shares[i], wishes[i].Held))}"));
        string more = others.Count > MaxJobs ? $", and {Text.Count(others.Count - MaxJobs, "more job")}" : "";
        string text = $"The jobs of the cluster share {Text.Count(capacity, "slot")}: this one may use {Text.Number(shares[me])}{(others.Count == 0 ? "" : $"; of the others {those}{more}")}.";
        if (shares[me] >= wishes[me].Least)
        {
            return text;
        }

        int before = Enumerable.Range(0, me).Cast<int?>().FirstOrDefault(i => shares[i!.Value] < wishes[i.Value].Least && wishes[i.Value].Least <= capacity) ?? -1;
        return before < 0 ? text : $"{text} '{jobs[before].Job}' came before it, and waits for {Text.Number(wishes[before].Least)}.";
    }

    /// <summary>A job.</summary>
    private sealed class Entry(SlotClaim claim, long ticket)
    {
        public string Job => Claim.Job;

        public SlotClaim Claim { get; private set; } = claim;

        public long Ticket => ticket;

        public long Seen { get; private set; }

        /// <summary>What its subtasks are in, or were when it ran last, since it will want that again; never more than it may use then.</summary>
        public IReadOnlyDictionary<string, int> Held { get; private set; } = new Dictionary<string, int>();

        /// <summary>As many slots, by the names of workers.</summary>
        public IReadOnlyDictionary<string, int> HeldNames { get; private set; } = new Dictionary<string, int>();

        /// <summary>What it was granted since the grant that it goes by, which it may have heard of or not.</summary>
        public List<(long Number, IReadOnlyDictionary<string, int> Slots)> Grants { get; } = [];

        public IReadOnlyDictionary<string, int>? LastGrant => Grants.Count > 0 ? Grants[^1].Slots : Claim.Granted;

        public long LastNumber => Grants.Count > 0 ? Grants[^1].Number : Claim.GrantNumber;

        /// <summary>What nobody else may be granted, by worker.</summary>
        public Dictionary<string, int> Taken
        {
            get
            {
                var taken = new Dictionary<string, int>(Held, StringComparer.Ordinal);
                foreach (var (worker, slots) in Grants.SelectMany(static grant => grant.Slots).Concat(Claim.Granted ?? new Dictionary<string, int>()))
                {
                    taken[worker] = Math.Max(taken.GetValueOrDefault(worker), slots);
                }

                return taken;
            }
        }

        public int HeldOf(IReadOnlyCollection<string> workers) => Held.Where(held => workers.Contains(held.Key)).Sum(static held => held.Value);

        public void Renew(SlotClaim next, long now)
        {
            Claim = next;
            Seen = now;
            Grants.RemoveAll(grant => grant.Number <= next.GrantNumber);
            if (next.Held is { } held)
            {
                Held = held;
                var names = next.Workers.ToDictionary(static worker => worker.Id, static worker => worker.Name);
                if (held.Count > 0)
                {
                    HeldNames = held.Where(item => names.ContainsKey(item.Key)).GroupBy(item => names[item.Key]).ToDictionary(static item => item.Key, static item => item.Sum(static slots => slots.Value));
                }
            }
            else if (next.Granted is { } granted)
            {
                Held = Held.ToDictionary(item => item.Key, item => Math.Min(item.Value, granted.GetValueOrDefault(item.Key)));
            }
        }
    }
}
