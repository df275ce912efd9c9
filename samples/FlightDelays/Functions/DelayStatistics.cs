using FlightDelays.Records;
using Millrace;

namespace FlightDelays.Functions;

/// <summary>What is kept of the flights of a window: three numbers, however many flights there are.</summary>
public struct DelayTotals
{
    /// <summary>How many flights.</summary>
    public long Flights;

    /// <summary>How many of them were delayed.</summary>
    public long Delayed;

    /// <summary>The sum of all delays in minutes.</summary>
    public long Minutes;
}

/// <summary>Adds flights up as they come.</summary>
public sealed class DelayStatistics : AggregateFunction<Flight, DelayTotals, DelayTotals>
{
    /// <inheritdoc/>
    public override DelayTotals CreateAccumulator() => default;

    /// <inheritdoc/>
    public override void Add(ref DelayTotals totals, Flight flight)
    {
        totals.Flights++;
        totals.Delayed += flight.IsDelayed ? 1 : 0;
        totals.Minutes += flight.Delay;
    }

    /// <inheritdoc/>
    public override void Merge(ref DelayTotals totals, in DelayTotals other)
    {
        totals.Flights += other.Flights;
        totals.Delayed += other.Delayed;
        totals.Minutes += other.Minutes;
    }

    /// <inheritdoc/>
    public override DelayTotals GetResult(in DelayTotals totals) => totals;
}
