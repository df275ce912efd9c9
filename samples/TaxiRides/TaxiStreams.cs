using Millrace;
using TaxiRides.Records;

namespace TaxiRides;

/// <summary>The results of the job, before anybody writes them.</summary>
/// <param name="Rides">STARTs and ENDs of rides within the city.</param>
/// <param name="OutsideTheCity">STARTs and ENDs of the other rides.</param>
/// <param name="RidesWithFares">Rides and what was paid for them.</param>
/// <param name="RidesWithoutFare">Rides that have waited for a fare in vain.</param>
/// <param name="FaresWithoutRide">Fares that have waited for a ride in vain.</param>
/// <param name="Tips">Each driver, each hour.</param>
/// <param name="DriversOfTheHour">The driver with the most tips, each hour.</param>
/// <param name="LongRides">Alerts.</param>
public sealed record TaxiStreams(
    DataStream<RideEvent> Rides,
    DataStream<RideEvent> OutsideTheCity,
    DataStream<RideWithFare> RidesWithFares,
    DataStream<RideEvent> RidesWithoutFare,
    DataStream<TaxiFare> FaresWithoutRide,
    DataStream<HourlyTips> Tips,
    DataStream<HourlyTips> DriversOfTheHour,
    DataStream<LongRide> LongRides);
