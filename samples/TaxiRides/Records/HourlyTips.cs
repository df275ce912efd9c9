namespace TaxiRides.Records;

/// <summary>What a driver was tipped in an hour.</summary>
/// <param name="Hour">The first moment of the hour, in UTC.</param>
/// <param name="DriverId">The driver.</param>
/// <param name="Tips">Dollars.</param>
/// <param name="Rides">For how many rides.</param>
public sealed record HourlyTips(DateTime Hour, int DriverId, decimal Tips, int Rides);
