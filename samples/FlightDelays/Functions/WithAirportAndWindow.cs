using FlightDelays.Records;
using Millrace;
using Millrace.Windowing;

namespace FlightDelays.Functions;

/// <summary>Turns the totals of a window into a result that says which airport and which window.</summary>
public sealed class WithAirportAndWindow : ProcessWindowFunction<DelayTotals, AirportDelays, string, TimeWindow>
{
    /// <inheritdoc/>
    public override void Process(string airport, WindowContext<TimeWindow> context, IReadOnlyList<DelayTotals> elements, Collector<AirportDelays> output)
    {
        // After an aggregate there is exactly one element.
        var totals = elements[0];
        var window = context.Window;
        output.Collect(new AirportDelays(
            airport, window.StartTime.UtcDateTime, window.EndTime.UtcDateTime, totals.Flights, totals.Delayed, (double)totals.Minutes / totals.Flights));
    }
}
