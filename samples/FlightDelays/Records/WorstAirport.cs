namespace FlightDelays.Records;

/// <summary>One of the worst airports of a day.</summary>
/// <param name="Day">The day, in UTC.</param>
/// <param name="Rank">1 for the worst.</param>
/// <param name="Airport">The IATA code.</param>
/// <param name="AverageDelay">The mean delay of the day in minutes.</param>
/// <param name="Flights">How many flights departed.</param>
public sealed record WorstAirport(DateOnly Day, int Rank, string Airport, double AverageDelay, long Flights);
