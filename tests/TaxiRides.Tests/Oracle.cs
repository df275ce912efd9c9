using Millrace.Testing;
using TaxiRides.Records;

namespace TaxiRides.Tests;

/// <summary>What the job must find out, computed from all events at once: neither order nor time of arrival can matter here.</summary>
internal static class Oracle
{
    public static JobResults Of(TaxiCity city)
    {
        List<RideEvent> inside = [.. city.Rides.Where(IsInside)];
        var starts = inside.Where(ride => ride.IsStart).ToDictionary(ride => ride.RideId);
        var ends = inside.Where(ride => !ride.IsStart).ToDictionary(ride => ride.RideId);
        var fares = city.Fares.ToDictionary(fare => fare.RideId);
        List<HourlyTips> tips =
        [
            .. from fare in city.Fares
               group fare by (Hour: fare.Time.Date.AddHours(fare.Time.Hour), fare.DriverId) into hour
               select new HourlyTips(hour.Key.Hour, hour.Key.DriverId, hour.Sum(fare => fare.Tip), hour.Count()),
        ];
        return new JobResults(new Dictionary<string, IEnumerable<string>>
        {
            ["rides"] = inside.Select(Text),
            ["outside"] = city.Rides.Where(ride => !IsInside(ride)).Select(Text),
            ["joined"] = starts.Values.Where(ride => fares.ContainsKey(ride.RideId)).Select(ride => fares[ride.RideId] is var fare
                ? Text(new RideWithFare(ride.RideId, ride.DriverId, ride.Time, ride.Passengers, fare.Payment, fare.Tip, fare.Total)) : ""),
            ["no fare"] = starts.Values.Where(ride => !fares.ContainsKey(ride.RideId)).Select(Text),
            ["no ride"] = city.Fares.Where(fare => !starts.ContainsKey(fare.RideId)).Select(Text),
            ["tips"] = tips.Select(Text),
            ["best"] = tips.GroupBy(hour => hour.Hour).Select(hour => Text(hour.OrderByDescending(driver => driver.Tips).ThenBy(driver => driver.DriverId).First())),
            ["long"] = starts.Values.Where(ride => !ends.TryGetValue(ride.RideId, out var end) || end.Time > ride.Time.AddHours(2))
                .Select(ride => Text(new LongRide(ride.RideId, ride.TaxiId, ride.DriverId, ride.Time))),
        });
    }

    /// <summary>Declares the job so that its results can be compared with these.</summary>
    public static void Declare(JobUnderTest job, TaxiCity city, TaxiRidesOptions options)
    {
        var streams = TaxiRidesJob.Declare(job.Env, city, options);
        job.Capture(streams.Rides, "rides", Text);
        job.Capture(streams.OutsideTheCity, "outside", Text);
        job.Capture(streams.RidesWithFares, "joined", Text);
        job.Capture(streams.RidesWithoutFare, "no fare", Text);
        job.Capture(streams.FaresWithoutRide, "no ride", Text);
        job.Capture(streams.Tips, "tips", Text);
        job.Capture(streams.DriversOfTheHour, "best", Text);
        job.Capture(streams.LongRides, "long", Text);
    }

    private static bool IsInside(RideEvent ride) => IsInside(ride.From) && IsInside(ride.To);

    private static bool IsInside(Place place) => place.Longitude >= -74.05 && place.Longitude <= -73.7 && place.Latitude >= 40.5 && place.Latitude <= 41.0;

    private static string Text<T>(T value) => FormattableString.Invariant($"{value}");
}
