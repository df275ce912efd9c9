using FlightDelays.Records;
using Millrace;
using Millrace.Connectors;

namespace FlightDelays.Functions;

/// <summary>Adds what is known about the origin airport. Flights from airports that are not in the list go to a side output.</summary>
/// <param name="airportsFile">The list, as CSV.</param>
public sealed class AddAirport(string airportsFile) : ProcessFunction<Flight, EnrichedFlight>
{
    /// <summary>Flights whose origin is not in the list.</summary>
    public static readonly OutputTag<Flight> UnknownAirport = new("unknown-airport");

    private Dictionary<string, Airport> _airports = [];

    /// <inheritdoc/>
    public override void Open(RuntimeContext context) =>
        _airports = CsvFormat.Of<Airport>().ReadFile(airportsFile).ToDictionary(airport => airport.Iata);

    /// <inheritdoc/>
    public override void ProcessElement(Flight flight, ProcessContext context, Collector<EnrichedFlight> output)
    {
        if (_airports.TryGetValue(flight.Origin, out var origin))
        {
            output.Collect(new EnrichedFlight(
                flight.Date, flight.Delay, flight.Distance, flight.Origin, flight.Destination, origin.Name, origin.City, origin.State));
        }
        else
        {
            context.Output(UnknownAirport, flight);
        }
    }
}
