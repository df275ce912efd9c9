using Millrace.Simulation.External;
using Millrace.Simulation.Jobs;

namespace Millrace.Simulation.Worlds;

/// <summary>What must be so in the end.</summary>
internal sealed partial class World
{
    private void Check()
    {
        if (!_hasReported)
        {
            _ledger.CheckEnd();
        }

        if (_ledger.Violations is [var violation, ..])
        {
            Fail(violation);
        }

        var results = _isDrained ? _plan.Shape.ComputeFrom(ReadFrom) : _plan.Shape.Results;
        foreach (var sink in _plan.Shape.SinksOf(results))
        {
            CheckSink(sink.Uid, sink.Expected, sink.BearsDuplicates);
        }

        if (!_hasReported)
        {
            CheckTallies(results);
        }

        _audit.VerifyAll();
        if (_plan.Faults.Count == 0 && _audit.FindGarbage() is [var garbage, ..])
        {
            Fail($"{garbage} belongs to nothing and is left");
        }
    }

    /// <summary>What a job that was drained has read from a source, by what the sink at that source has: of each split the records up to some place.</summary>
    private List<Item> ReadFrom(SourceStage source)
    {
        var ids = _ledger.CommittedBy(JobShape.ObserverOf(source)).Select(item => item.Id).ToHashSet();
        var read = new List<Item>();
        for (int split = 0; split < source.Plan.Splits.Count; split++)
        {
            var items = source.Plan.Splits[split].Where(item => ids.Contains(item.Id)).ToList();
            if (items.Count > 0 && ReplayPlan.PlaceOf(items[^1].Id) != items.Count - 1)
            {
                Fail($"{source.Name} was drained, and of the first {ReplayPlan.PlaceOf(items[^1].Id) + 1} records of its split {split} there are {items.Count}");
            }

            read.AddRange(items);
        }

        return read;
    }

    private void CheckTallies(IReadOnlyList<IReadOnlyList<Item>> results)
    {
        foreach (var (stage, count, sum) in _plan.Shape.TalliesOf(results))
        {
            if (_tallies.Of(stage.Index) is { } actual && (_plan.IsExactlyOnce ? actual != (count, sum) : actual.Count < count && _plan.Shape.BearsDuplicates(stage)))
            {
                Fail($"stage {stage.Name} has counted {actual} in its operator state, and should have {(count, sum)}");
            }
        }
    }

    /// <summary>What a sink must have: everything once. At least once says that nothing is missing, and only of what a repetition does not change.</summary>
    private void CheckSink(string uid, IReadOnlyList<Item> expected, bool bearsDuplicates)
    {
        var missing = Count(expected);
        var surplus = Count(_ledger.CommittedBy(uid));
        foreach (var (item, count) in missing.ToList())
        {
            int both = Math.Min(count, surplus.GetValueOrDefault(item));
            missing[item] -= both;
            if (both > 0)
            {
                surplus[item] -= both;
            }
        }

        int tooFew = missing.Values.Sum();
        int tooMany = surplus.Values.Sum();

        // A job that could only report that its state is damaged has not come to its end; it has committed nothing wrong all the same.
        bool isShort = tooFew > 0 && !_hasReported && (_plan.IsExactlyOnce || bearsDuplicates);
        if (isShort || (tooMany > 0 && _plan.IsExactlyOnce && !_ledger.Forgetful.Contains(uid)))
        {
            Fail($"{uid} has {tooFew} of {expected.Count} records too few{Example(missing)} and {tooMany} too many{Example(surplus)}");
        }
    }

    private static Dictionary<Item, int> Count(IEnumerable<Item> items)
    {
        var counts = new Dictionary<Item, int>();
        foreach (var item in items)
        {
            counts[item] = counts.GetValueOrDefault(item) + 1;
        }

        return counts;
    }

    private static string Example(Dictionary<Item, int> counts)
    {
        var found = counts.Where(pair => pair.Value > 0).Select(pair => pair.Key).OrderBy(item => (item.Time, item.Key, item.Value, item.Id)).ToList();
        return found.Count == 0 ? "" : $" (first {found[0]})";
    }
}
