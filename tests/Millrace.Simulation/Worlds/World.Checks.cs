using Millrace.Simulation.External;

namespace Millrace.Simulation.Worlds;

/// <summary>What must be so in the end.</summary>
internal sealed partial class World
{
    private void Check()
    {
        _ledger.CheckEnd();
        if (_ledger.Violations is [var violation, ..])
        {
            Fail(violation);
        }

        foreach (var (uid, expected) in _plan.Shape.Sinks)
        {
            CheckSink(uid, expected);
        }

        foreach (var (stage, count, sum) in _plan.Shape.Tallies)
        {
            if (_tallies.Of(stage.Index) is var actual && actual != (count, sum))
            {
                Fail($"stage {stage.Name} has counted {actual} in its operator state, and should have {(count, sum)}");
            }
        }

        // Damage that the world has done on purpose is not the engine's.
        if (!_plan.MayForgetCommitted)
        {
            foreach (string problem in _engine.VerifyStorage(_disk.ConnectFrom(_current!.Coordinator), _plan.Checkpoints.JobId!))
            {
                Fail(problem);
            }
        }
    }

    private void CheckSink(string uid, IReadOnlyList<Item> expected)
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

        // Where a checkpoint was damaged on purpose, what was committed behind the one before it comes again.
        if (tooFew > 0 || (tooMany > 0 && !_plan.MayForgetCommitted))
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
