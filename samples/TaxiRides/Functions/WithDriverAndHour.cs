using Millrace;
using Millrace.Windowing;
using TaxiRides.Records;

namespace TaxiRides.Functions;

/// <summary>Turns the totals of a window into a result that says whose they are, and of which hour.</summary>
public sealed class WithDriverAndHour : ProcessWindowFunction<TipTotals, HourlyTips, int, TimeWindow>
{
    /// <inheritdoc/>
    public override void Process(int driver, WindowContext<TimeWindow> context, IReadOnlyList<TipTotals> elements, Collector<HourlyTips> output) =>
        output.Collect(new HourlyTips(context.Window.StartTime.UtcDateTime, driver, elements[0].Tips, elements[0].Rides));
}
