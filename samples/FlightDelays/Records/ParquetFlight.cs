using System.Globalization;

namespace FlightDelays.Records;

/// <summary>A flight as it stands in a Parquet file.</summary>
/// <param name="Date">When it was to depart, taken as UTC.</param>
/// <param name="Delay">Minutes late; negative when it was early.</param>
/// <param name="Distance">Miles.</param>
/// <param name="Origin">The IATA code of the airport it departed from.</param>
/// <param name="Destination">The IATA code of the airport it went to.</param>
public sealed record ParquetFlight(DateTime Date, int Delay, int Distance, string Origin, string Destination)
{
    /// <summary>The same flight as the job knows it.</summary>
    /// <returns>The flight.</returns>
    public Flight ToFlight() => new(Date.ToString(Flight.DateFormat, CultureInfo.InvariantCulture), Delay, Distance, Origin, Destination);
}
