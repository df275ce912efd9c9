using FlightDelays.Records;
using Millrace;
using Millrace.Windowing;

namespace FlightDelays.Functions;

/// <summary>Ranks the airports of a day.</summary>
/// <param name="count">How many are to be named.</param>
public sealed class WorstOfTheDay(int count) : ProcessWindowFunction<AirportDelays, WorstAirport, DateTime, TimeWindow>
{
    /// <inheritdoc/>
    public override void Process(DateTime day, WindowContext<TimeWindow> context, IReadOnlyList<AirportDelays> airports, Collector<WorstAirport> output)
    {
        var worst = airports
            .OrderByDescending(airport => airport.AverageDelay)
            .ThenBy(airport => airport.Airport, StringComparer.Ordinal)
            .Take(count);
        int rank = 0;
        foreach (var airport in worst)
        {
            output.Collect(new WorstAirport(DateOnly.FromDateTime(day), ++rank, airport.Airport, airport.AverageDelay, airport.Flights));
        }
    }
}
