namespace Millrace.Runtime.Coordination.Scheduling;

/// <content>The sentences that decisions are explained with.</content>
internal sealed partial class AdaptiveScheduler
{
    private string ShortageOf(int parallelism, int slots) =>
        $"Parallelism {Text.Number(parallelism)} needs {_fit.DemandOf(parallelism)} but {Text.Number(slots)} {(slots == 1 ? "is" : "are")} available ({Text.Offers(_workers)}).";

    private string WhyStart(ParallelismChoice target, int slots, bool isAll, bool isEnough)
    {
        string parallelism = Describe(target);
        string fits = $"it takes {target.Demand} of {Text.Number(slots)} available ({Text.Offers(_workers)})";
        if (_current is not { } before)
        {
            string why = isAll || isEnough ? "" : $" No more slots came within {nameof(SchedulerOptions.ResourceStabilizationTimeout)}.";
            return $"The job starts with {parallelism}: {fits}.{why}";
        }

        var gone = _workersAtStart.Where(worker => _workers.All(other => other.Id != worker.Id)).Select(worker => worker.ToString()).ToList();
        string lost = gone.Count == 0 ? "" : $" Lost since it started: {string.Join(", ", gone)}.";
        return before.Demand.IsSameAs(target.Demand)
            ? $"The job starts again with {parallelism}: {fits}.{lost}"
            : $"The job goes on with {Difference(before, target)}: {fits}.{lost}";
    }

    private string WhatChanges(ParallelismChoice current, ParallelismChoice target, Change change)
    {
        string difference = Difference(current, target);
        return change.GivesBack ? $"The job is to go on with {difference}, since another job needs slots; it takes {target.Demand}."
            : change.IsRequested ? $"The job is to go on with {difference}, as {(_bounds is null ? "was asked for" : "the autoscaler has decided")}; it takes {target.Demand}."
            : $"The job can go on with {difference}: there are {Text.Count(Math.Max(Slots, current.Demand.Slots), "slot")} ({Text.Offers(_workers)}), and it would take {target.Demand}.";
    }

    private string Difference(ParallelismChoice from, ParallelismChoice to)
    {
        if (_bounds is not null)
        {
            return $"{Describe(to)} instead of {Numbers(from)}";
        }

        if (from.Parallelism != to.Parallelism)
        {
            return $"{Describe(to)} instead of {Text.Number(from.Parallelism)}";
        }

        // Tasks have none in common where operators are fused in another way.
        int changed = from.Demand.Vertices.Count == to.Demand.Vertices.Count ? from.Demand.Vertices.Zip(to.Demand.Vertices).Count(vertex => vertex.First != vertex.Second) : to.Demand.Vertices.Count;
        return $"parallelism {Text.Number(to.Parallelism)} and another one in {Text.Count(changed, "task")}";
    }

    private string Describe(ParallelismChoice choice) => _bounds is null ? $"parallelism {Text.Number(choice.Parallelism)}" : $"tasks of {Numbers(choice)} subtasks";

    private static string Numbers(ParallelismChoice choice) => string.Join(", ", choice.Demand.Vertices.Select(vertex => Text.Number(vertex.Parallelism)));
}
