namespace TaxiRides.Records;

/// <summary>One end of a taxi ride: its START or its END. Both carry all that is known of the ride.</summary>
/// <param name="RideId">The ride.</param>
/// <param name="IsStart">Whether it is the START.</param>
/// <param name="Time">When it happened, in UTC: the event time.</param>
/// <param name="From">Where the ride begins.</param>
/// <param name="To">Where it ends.</param>
/// <param name="Passengers">How many passengers.</param>
/// <param name="TaxiId">The car.</param>
/// <param name="DriverId">Who drives it.</param>
public sealed record RideEvent(long RideId, bool IsStart, DateTime Time, Place From, Place To, int Passengers, int TaxiId, int DriverId);
