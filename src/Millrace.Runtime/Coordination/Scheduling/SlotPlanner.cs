using Millrace.Runtime.Clustering;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Decides which worker runs which subtasks. Deterministic: whoever asks the same is told the same.</summary>
/// <remarks>
/// In this order: the subtasks of one slot run on one worker, with those of the slot that run already; no worker is given more than its slots; the policy is kept; and of what is left to choose, subtasks go to the
/// worker that had them before, because their state may still lie on its disk.
/// </remarks>
internal static class SlotPlanner
{
    /// <param name="demand">The job's slots.</param>
    /// <param name="subtasks">The subtasks to be placed.</param>
    /// <param name="workers">Who offers slots to this job, and how many: those too that its subtasks are in already.</param>
    /// <param name="running">The subtasks that go on running, with the ids of their workers. One whose worker is not offered any more takes no slot.</param>
    /// <param name="previous">The names of the workers that had subtasks before. They may be gone.</param>
    /// <param name="policy">Which workers are preferred.</param>
    public static SlotPlan Plan(
        SlotDemand demand,
        IReadOnlyCollection<SubtaskId> subtasks,
        IReadOnlyList<WorkerInfo> workers,
        IReadOnlyDictionary<SubtaskId, string> running,
        IReadOnlyDictionary<SubtaskId, string> previous,
        SlotPlacement policy)
    {
        List<Offer> offers = [.. workers.OrderBy(worker => worker.Id, StringComparer.Ordinal).Select(worker => new Offer(worker))];
        var wanted = subtasks.ToHashSet();
        var homes = FindHomes(demand, running.Where(placed => !wanted.Contains(placed.Key)), offers);
        var placement = new Dictionary<SubtaskId, WorkerInfo>();
        var open = new List<Slot>();
        var byName = new Dictionary<string, Offer>(StringComparer.Ordinal);
        offers.ForEach(offer => byName.TryAdd(offer.Worker.Name, offer));
        foreach (var group in wanted.GroupBy(demand.SlotOf).OrderBy(group => group.Key))
        {
            if (homes.TryGetValue(group.Key, out var home))
            {
                Put(group, home.Worker);
            }
            else
            {
                open.Add(new Slot([.. group], WishOf(group, previous, byName)));
            }
        }

        int free = offers.Sum(offer => offer.Free);
        if (open.Count > free)
        {
            return new SlotPlan(null, open.Count - free);
        }

        open.ForEach(slot => slot.Wish?.Wishes += 1);
        if (policy == SlotPlacement.Spread)
        {
            Spread(offers, open.Count);
        }
        else
        {
            Pack(offers, open.Count);
        }

        foreach (var slot in open.Where(slot => slot.Wish is { Quota: > 0 }))
        {
            Take(slot, slot.Wish!);
        }

        foreach (var slot in open.Where(slot => !slot.IsTaken))
        {
            var candidates = offers.Where(offer => offer.Quota > 0);
            Take(slot, policy == SlotPlacement.Spread ? candidates.MinBy(offer => offer.Used)! : candidates.MaxBy(offer => offer.Used)!);
        }

        return new SlotPlan(placement, 0);

        void Take(Slot slot, Offer offer)
        {
            slot.IsTaken = true;
            offer.Quota--;
            offer.Used++;
            Put(slot.Subtasks, offer.Worker);
        }

        void Put(IEnumerable<SubtaskId> subtasks, WorkerInfo worker)
        {
            foreach (var subtask in subtasks)
            {
                placement.Add(subtask, worker);
            }
        }
    }

    /// <summary>Counts the slots in use, and says where the slots are that go on running.</summary>
    private static Dictionary<int, Offer> FindHomes(SlotDemand demand, IEnumerable<KeyValuePair<SubtaskId, string>> running, List<Offer> offers)
    {
        var byId = offers.ToDictionary(offer => offer.Worker.Id, StringComparer.Ordinal);
        var counts = new Dictionary<(int Slot, Offer Offer), int>();
        foreach (var (subtask, worker) in running)
        {
            if (byId.TryGetValue(worker, out var offer))
            {
                var key = (demand.SlotOf(subtask), offer);
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }
        }

        var homes = new Dictionary<int, Offer>();

        // A slot can be on two workers: one was thought to be gone, and its slot was begun elsewhere. It takes a slot on both; the greater part is the home.
        foreach (var ((slot, offer), _) in counts.OrderByDescending(count => count.Value).ThenBy(count => count.Key.Offer.Worker.Id, StringComparer.Ordinal))
        {
            offer.Used++;
            homes.TryAdd(slot, offer);
        }

        return homes;
    }

    /// <summary>The worker that had most of a slot's subtasks, of those that are there.</summary>
    private static Offer? WishOf(IEnumerable<SubtaskId> subtasks, IReadOnlyDictionary<SubtaskId, string> previous, Dictionary<string, Offer> byName) => subtasks
        .Where(previous.ContainsKey)
        .GroupBy(subtask => previous[subtask], StringComparer.Ordinal)
        .Where(votes => byName.ContainsKey(votes.Key))
        .OrderByDescending(votes => votes.Count())
        .ThenBy(votes => votes.Key, StringComparer.Ordinal)
        .Select(votes => byName[votes.Key])
        .FirstOrDefault();

    /// <summary>Deals slots out to whoever has the fewest. Where that leaves a choice, and it does for the last round alone, those come first whom more of the slots want to return to.</summary>
    private static void Spread(List<Offer> offers, int slots)
    {
        for (int dealt = 0; dealt < slots; dealt++)
        {
            offers.Where(offer => offer.Quota < offer.Free).OrderBy(offer => offer.Used + offer.Quota).ThenBy(offer => offer.Wishes > offer.Quota ? 0 : 1).First().Quota++;
        }
    }

    /// <summary>Opens workers that have nothing to do only where those that have are full, and as few as will do.</summary>
    private static void Pack(List<Offer> offers, int slots)
    {
        foreach (var offer in offers.Where(offer => offer.Used > 0))
        {
            offer.Quota = offer.Free;
        }

        int needed = slots - offers.Sum(offer => offer.Quota);
        List<Offer> unused = [.. offers.Where(offer => offer.Used == 0 && offer.Free > 0).OrderByDescending(offer => offer.Free)];
        int count = 0;
        for (int most = 0; most < needed; count++)
        {
            most += unused[count].Free;
        }

        // The count is the least that can do. Which ones: the most wanted, as long as the greatest of the others can make up for what they lack.
        var opened = new List<Offer>();
        foreach (var offer in unused.OrderByDescending(offer => Math.Min(offer.Wishes, offer.Free)).ThenByDescending(offer => offer.Free))
        {
            int others = count - opened.Count - 1;
            if (others >= 0 && opened.Sum(other => other.Free) + offer.Free + unused.Where(other => other != offer && !opened.Contains(other)).Take(others).Sum(other => other.Free) >= needed)
            {
                opened.Add(offer);
                offer.Quota = offer.Free;
            }
        }
    }

    private sealed class Offer(WorkerInfo worker)
    {
        public WorkerInfo Worker => worker;

        /// <summary>How many of its slots have subtasks.</summary>
        public int Used { get; set; }

        public int Free => Math.Max(0, worker.Slots - Used);

        /// <summary>How many of the slots to be placed it will take at most.</summary>
        public int Quota { get; set; }

        /// <summary>How many of the slots to be placed it had before.</summary>
        public int Wishes { get; set; }
    }

    private sealed record Slot(IReadOnlyList<SubtaskId> Subtasks, Offer? Wish)
    {
        public bool IsTaken { get; set; }
    }
}
