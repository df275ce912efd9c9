using Millrace;
using TaxiRides.Records;

namespace TaxiRides.Functions;

/// <summary>What is kept of the fares of a driver's hour.</summary>
public struct TipTotals
{
    /// <summary>Dollars.</summary>
    public decimal Tips;

    /// <summary>How many rides.</summary>
    public int Rides;
}

/// <summary>Adds tips up as they come.</summary>
public sealed class SumOfTips : AggregateFunction<TaxiFare, TipTotals, TipTotals>
{
    /// <inheritdoc/>
    public override TipTotals CreateAccumulator() => default;

    /// <inheritdoc/>
    public override void Add(ref TipTotals totals, TaxiFare fare)
    {
        totals.Tips += fare.Tip;
        totals.Rides++;
    }

    /// <inheritdoc/>
    public override void Merge(ref TipTotals totals, in TipTotals other)
    {
        totals.Tips += other.Tips;
        totals.Rides += other.Rides;
    }

    /// <inheritdoc/>
    public override TipTotals GetResult(in TipTotals totals) => totals;
}
