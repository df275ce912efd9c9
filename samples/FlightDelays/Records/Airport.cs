namespace FlightDelays.Records;

/// <summary>An airport as it stands in <c>airports.csv</c>; columns that the job does not need are left out.</summary>
/// <param name="Iata">The code.</param>
/// <param name="Name">The airport's name.</param>
/// <param name="City">The city it belongs to.</param>
/// <param name="State">The state, as two letters.</param>
public sealed record Airport(string Iata, string Name, string City, string State);
