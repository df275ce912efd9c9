namespace TaxiRides.Records;

/// <summary>An alert: this ride takes longer than two hours.</summary>
/// <param name="RideId">The ride.</param>
/// <param name="TaxiId">The car.</param>
/// <param name="DriverId">Who drives it.</param>
/// <param name="Started">When it began, in UTC.</param>
public sealed record LongRide(long RideId, int TaxiId, int DriverId, DateTime Started);
