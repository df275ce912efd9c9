namespace FlightDelays.Records;

/// <summary>How punctual an airport was in a window of time.</summary>
/// <param name="Airport">The IATA code.</param>
/// <param name="WindowStart">The first moment of the window, in UTC.</param>
/// <param name="WindowEnd">The first moment after the window, in UTC.</param>
/// <param name="Flights">How many flights departed.</param>
/// <param name="Delayed">How many of them were delayed.</param>
/// <param name="AverageDelay">The mean delay in minutes; flights that were early count as negative.</param>
public sealed record AirportDelays(string Airport, DateTime WindowStart, DateTime WindowEnd, long Flights, long Delayed, double AverageDelay);
