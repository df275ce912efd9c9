using CsCheck;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

public sealed class SlotPlannerPropertyTests
{
    private static readonly Gen<SlotDemand> AnyDemand = Gen.Select(Gen.Int[0, 1], Gen.Int[1, 5]).Array[1, 4]
        .Select(vertices => new SlotDemand([.. vertices.Select(vertex => new SlotVertex(vertex.Item1 == 0 ? "default" : "io", vertex.Item2))]));

    private static readonly Gen<SlotPlacement> AnyPolicy = Gen.Bool.Select(spread => spread ? SlotPlacement.Spread : SlotPlacement.Pack);

    private static readonly Gen<IReadOnlyList<WorkerInfo>> AnyWorkers = Gen.Int[0, 5].Array[0, 5].Select(slots => Cluster.Workers(slots));

    /// <summary>A job that was placed somehow before, of which a part goes on running.</summary>
    private static readonly Gen<Case> AnyCase = Gen.Select(AnyDemand, AnyWorkers, AnyPolicy, Gen.Int[0, 6].Array[20], Gen.Int[0, 2].Array[40], Gen.Int[0, 2]).Select(
        (demand, workers, policy, hosts, fates, share) =>
        {
            var running = new Dictionary<SubtaskId, string>();
            var previous = new Dictionary<SubtaskId, string>();
            var wanted = new List<SubtaskId>();
            var used = new Dictionary<WorkerInfo, int>();
            var homes = new Dictionary<int, WorkerInfo?>();
            foreach (var (number, subtask) in demand.Subtasks.Index())
            {
                int slot = demand.SlotOf(subtask);
                if (!homes.TryGetValue(slot, out var home))
                {
                    home = hosts[slot] < workers.Count ? workers[hosts[slot]] : null;
                    home = home is not null && used.GetValueOrDefault(home) < home.Slots ? home : null;
                    homes[slot] = home;
                    if (home is not null)
                    {
                        used[home] = used.GetValueOrDefault(home) + 1;
                    }
                }

                if (share > 0 && fates[number] < share && home is not null)
                {
                    running.Add(subtask, home.Id);
                }
                else
                {
                    wanted.Add(subtask);
                    previous.Add(subtask, home?.Name ?? "gone");
                }
            }

            return new Case(demand, workers, policy, wanted, running, previous);
        });

    [Fact]
    public void A_plan_is_there_exactly_if_the_slots_are() => AnyCase.Sample(
        job =>
        {
            var plan = job.Plan();
            int occupied = job.RunningSlots.Count;
            int needed = job.Wanted.Select(job.Demand.SlotOf).Distinct().Count(slot => !job.RunningSlots.ContainsKey(slot));
            int free = job.Workers.Sum(worker => worker.Slots) - occupied;
            Assert.Equal(Math.Max(0, needed - free), plan.MissingSlots);
            Assert.Equal(needed > free, plan.Placement is null);
            Assert.Equal(plan.Placement is null ? [] : job.Wanted.OrderBy(subtask => subtask.ToString()), (plan.Placement?.Keys ?? []).OrderBy(subtask => subtask.ToString()));
        },
        iter: 20_000);

    [Fact]
    public void No_worker_is_over_its_slots_and_shared_slots_are_together() => AnyCase.Sample(
        job =>
        {
            if (job.Plan().Placement is { } placement)
            {
                var slots = job.SlotsAfter(placement);
                Assert.All(slots, slot => Assert.Single(slot.Value));
                Assert.All(job.Workers, worker => Assert.InRange(slots.Count(slot => slot.Value.Contains(worker.Id)), 0, worker.Slots));
            }
        },
        iter: 20_000);

    [Fact]
    public void Spread_differs_by_at_most_one_slot_where_there_is_room() => AnyCase.Where(job => job.Policy == SlotPlacement.Spread).Sample(
        job =>
        {
            if (job.Plan().Placement is { } placement)
            {
                var before = job.Workers.ToDictionary(worker => worker.Id, worker => job.RunningSlots.Count(slot => slot.Value == worker.Id));
                var after = job.Workers.ToDictionary(worker => worker.Id, worker => job.SlotsAfter(placement).Count(slot => slot.Value.Contains(worker.Id)));

                // Whoever was given a slot has at most one more than anybody who could have taken it.
                foreach (var given in job.Workers.Where(worker => after[worker.Id] > before[worker.Id]))
                {
                    Assert.All(job.Workers.Where(worker => after[worker.Id] < worker.Slots), other => Assert.True(after[given.Id] <= after[other.Id] + 1));
                }
            }
        },
        iter: 20_000);

    [Fact]
    public void Pack_takes_as_few_workers_as_any_choice_could() => AnyCase.Where(job => job.Policy == SlotPlacement.Pack).Sample(
        job =>
        {
            if (job.Plan().Placement is { } placement)
            {
                int count = job.Workers.Count(worker => job.SlotsAfter(placement).Values.Any(ids => ids.Contains(worker.Id)));
                int slots = job.SlotsAfter(placement).Count;
                var inUse = job.RunningSlots.Values.ToHashSet();

                // Every set of workers that holds those in use and has the slots.
                int least = Enumerable.Range(0, 1 << job.Workers.Count)
                    .Select(set => job.Workers.Where((_, index) => (set >> index & 1) != 0).ToList())
                    .Where(set => set.Sum(worker => worker.Slots) >= slots && inUse.All(id => set.Any(worker => worker.Id == id)))
                    .Min(set => set.Count);
                Assert.Equal(least, count);
            }
        },
        iter: 20_000);

    [Fact]
    public void What_was_planned_is_planned_again() => AnyCase.Sample(
        job =>
        {
            if (job.Plan().Placement is { } placement)
            {
                // All of what was placed fails, and has its workers as the previous ones.
                Assert.Equal(Cluster.Ids(placement), Cluster.Ids((job with { Previous = Cluster.Names(placement) }).Plan().Placement!));

                // The order in which workers are listed says nothing.
                Assert.Equal(Cluster.Ids(placement), Cluster.Ids((job with { Workers = [.. job.Workers.Reverse()] }).Plan().Placement!));
            }
        },
        iter: 20_000);

    [Fact]
    public void As_many_slots_return_to_their_workers_as_balance_allows() => AnyCase.Where(job => job.Policy == SlotPlacement.Spread && job.Demand.Slots <= 6 && job.Workers.Count <= 3).Sample(
        job =>
        {
            if (job.Plan().Placement is { } placement)
            {
                List<IGrouping<int, SubtaskId>> open = [.. job.Wanted.GroupBy(job.Demand.SlotOf).Where(slot => !job.RunningSlots.ContainsKey(slot.Key))];
                Assert.Equal(Best(job, open), Kept(job, open, slot => placement[slot.First()].Name));
            }
        },
        iter: 5_000);

    /// <summary>Tries every way to place slots; of those as balanced as can be, how many slots of the best stay where they were.</summary>
    private static int Best(Case job, List<IGrouping<int, SubtaskId>> open)
    {
        var used = job.Workers.Select(worker => job.RunningSlots.Values.Count(id => id == worker.Id)).ToArray();
        var choice = new int[open.Count];
        (int Imbalance, int Kept) best = (int.MaxValue, 0);
        Try(0);
        return best.Kept;

        void Try(int slot)
        {
            if (slot == open.Count)
            {
                // The sum of squares is least where slots are dealt out to whoever has the fewest.
                int imbalance = used.Sum(count => count * count);
                int kept = Kept(job, open, group => job.Workers[choice[open.IndexOf(group)]].Name);
                best = imbalance < best.Imbalance || (imbalance == best.Imbalance && kept > best.Kept) ? (imbalance, kept) : best;
                return;
            }

            for (int worker = 0; worker < used.Length; worker++)
            {
                if (used[worker] < job.Workers[worker].Slots)
                {
                    used[worker]++;
                    choice[slot] = worker;
                    Try(slot + 1);
                    used[worker]--;
                }
            }
        }
    }

    // All subtasks of a slot were on one worker in these cases.
    private static int Kept(Case job, List<IGrouping<int, SubtaskId>> open, Func<IGrouping<int, SubtaskId>, string> workerOf) =>
        open.Count(slot => job.Previous[slot.First()] == workerOf(slot));

    private sealed record Case(
        SlotDemand Demand,
        IReadOnlyList<WorkerInfo> Workers,
        SlotPlacement Policy,
        IReadOnlyList<SubtaskId> Wanted,
        Dictionary<SubtaskId, string> Running,
        Dictionary<SubtaskId, string> Previous)
    {
        public Dictionary<int, string> RunningSlots => Running.GroupBy(placed => Demand.SlotOf(placed.Key)).ToDictionary(slot => slot.Key, slot => slot.First().Value);

        public SlotPlan Plan() => SlotPlanner.Plan(Demand, Wanted, Workers, Running, Previous, Policy);

        /// <summary>The workers of each slot when the plan is carried out.</summary>
        public Dictionary<int, HashSet<string>> SlotsAfter(IReadOnlyDictionary<SubtaskId, WorkerInfo> placement) => Running.Concat(Cluster.Ids(placement))
            .GroupBy(placed => Demand.SlotOf(placed.Key)).ToDictionary(slot => slot.Key, slot => slot.Select(placed => placed.Value).ToHashSet());
    }
}
