namespace TaxiRides.Records;

/// <summary>A ride together with what was paid for it.</summary>
/// <param name="RideId">The ride.</param>
/// <param name="DriverId">Who drove.</param>
/// <param name="Time">When it began, in UTC.</param>
/// <param name="Passengers">How many passengers.</param>
/// <param name="Payment"><c>card</c> or <c>cash</c>.</param>
/// <param name="Tip">Dollars.</param>
/// <param name="Total">Dollars.</param>
public sealed record RideWithFare(long RideId, int DriverId, DateTime Time, int Passengers, string Payment, decimal Tip, decimal Total);
