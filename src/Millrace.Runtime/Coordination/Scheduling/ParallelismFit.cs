namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>A default parallelism, and what it takes.</summary>
internal sealed record ParallelismChoice(int Parallelism, SlotDemand Demand);

/// <summary>Finds the greatest default parallelism that fits into slots.</summary>
/// <param name="demandOf">The slots that a job takes with a default parallelism. More parallelism never takes less.</param>
/// <remarks>
/// Operators with a parallelism of their own keep it, and slot-sharing groups take slots each: how many slots a parallelism takes is known only by building the graph. So it is searched for, in a few steps, and each graph is built once.
/// </remarks>
internal sealed class ParallelismFit(Func<int, SlotDemand> demandOf)
{
    private readonly Dictionary<int, SlotDemand> _known = [];

    public SlotDemand DemandOf(int parallelism)
    {
        if (!_known.TryGetValue(parallelism, out var demand))
        {
            _known.Add(parallelism, demand = demandOf(parallelism));
        }

        return demand;
    }

    /// <summary>
    /// The greatest parallelism that fits; of those that make no difference to any task, the least. Null where not even the least one fits.
    /// </summary>
    public ParallelismChoice? Greatest(int min, int max, int slots)
    {
        if (DemandOf(min).Slots > slots)
        {
            return null;
        }

        var demand = DemandOf(Last(min, max, parallelism => DemandOf(parallelism).Slots <= slots));

        // Where every operator has a parallelism of its own, or sources can be no wider: the number says what the job has.
        int least = DemandOf(min).IsSameAs(demand) ? min : Last(min, max, parallelism => DemandOf(parallelism).Slots <= slots && !DemandOf(parallelism).IsSameAs(demand)) + 1;
        return new ParallelismChoice(least, demand);
    }

    /// <summary>The last number for which a condition holds that holds for the first and, once it does not, never again.</summary>
    private static int Last(int min, int max, Func<int, bool> holds)
    {
        int low = min;
        int high = max;
        while (low < high)
        {
            int middle = low + ((high - low + 1) / 2);
            if (holds(middle))
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }
}
