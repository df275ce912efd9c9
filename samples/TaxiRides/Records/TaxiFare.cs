namespace TaxiRides.Records;

/// <summary>What was paid for a ride.</summary>
/// <param name="RideId">The ride.</param>
/// <param name="DriverId">Who got it.</param>
/// <param name="Time">When the ride began, in UTC: the event time, the same as that of the ride's START.</param>
/// <param name="Payment"><c>card</c> or <c>cash</c>.</param>
/// <param name="Tip">Dollars; part of the total.</param>
/// <param name="Tolls">Dollars; part of the total.</param>
/// <param name="Total">Dollars.</param>
public sealed record TaxiFare(long RideId, int DriverId, DateTime Time, string Payment, decimal Tip, decimal Tolls, decimal Total);
