namespace FlightDelays.Records;

/// <summary>A flight together with what is known about the airport it departed from.</summary>
/// <param name="Date">As in <see cref="Flight"/>.</param>
/// <param name="Delay">As in <see cref="Flight"/>.</param>
/// <param name="Distance">As in <see cref="Flight"/>.</param>
/// <param name="Origin">As in <see cref="Flight"/>.</param>
/// <param name="Destination">As in <see cref="Flight"/>.</param>
/// <param name="Name">The origin's name.</param>
/// <param name="City">The origin's city.</param>
/// <param name="State">The origin's state.</param>
public sealed record EnrichedFlight(string Date, int Delay, int Distance, string Origin, string Destination, string Name, string City, string State);
