using TaxiRides.Records;

namespace TaxiRides;

/// <summary>Rides and fares that never were, in the order in which they arrive.</summary>
/// <param name="Rides">STARTs and ENDs.</param>
/// <param name="Fares">Fares.</param>
public sealed record TaxiCity(RideEvent[] Rides, TaxiFare[] Fares)
{
    private const int Drivers = 250;
    private static readonly DateTime Opening = new(2013, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Makes rides and fares.</summary>
    /// <param name="options">How many, and what is wrong with them.</param>
    /// <returns>The same for the same options.</returns>
    public static TaxiCity Generate(TaxiRidesOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var random = new Random(options.Seed);
        List<(DateTime Arrival, RideEvent Event)> rides = new(2 * options.Rides);
        List<(DateTime Arrival, TaxiFare Event)> fares = new(options.Rides);
        var time = Opening;
        for (int id = 1; id <= options.Rides; id++)
        {
            time += TimeSpan.FromSeconds(random.Next(1, 12));
            int driver = random.Next(1, Drivers + 1);
            var start = new RideEvent(id, true, time, SomewhereFor(random), SomewhereFor(random), random.Next(1, 5), 1_000 + driver, driver);
            var end = start with { IsStart = false, Time = time + DurationFor(random) };
            var fare = FareFor(random, start);
            rides.Add((start.Time + Delay(), start));
            if (random.Next(100) >= options.MissingEnds)
            {
                rides.Add((end.Time + Delay(), end));
            }

            if (random.Next(100) >= options.MissingFares)
            {
                fares.Add((fare.Time + Delay(), fare));
            }
        }

        // Nothing arrives later than this delay, so a watermark that stays behind by as much makes nothing late.
        TimeSpan Delay() => TimeSpan.FromMilliseconds(random.NextInt64((long)options.Disorder.TotalMilliseconds + 1));

        // OrderBy keeps the order of what arrives at the same moment.
        return new TaxiCity([.. rides.OrderBy(ride => ride.Arrival).Select(ride => ride.Event)], [.. fares.OrderBy(fare => fare.Arrival).Select(fare => fare.Event)]);
    }

    // Three in a hundred are beyond the city's eastern end.
    private static Place SomewhereFor(Random random)
    {
        double width = NewYorkCity.East - NewYorkCity.West;
        double beyond = random.Next(100) < 3 ? width : 0;
        return new Place(
            Math.Round(NewYorkCity.West + beyond + (random.NextDouble() * width), 6),
            Math.Round(NewYorkCity.South + (random.NextDouble() * (NewYorkCity.North - NewYorkCity.South)), 6));
    }

    private static TimeSpan DurationFor(Random random) => random.Next(200) switch
    {
        0 => TimeSpan.FromHours(2), // Exactly as long as a ride may be.
        1 => TimeSpan.FromHours(2) + TimeSpan.FromMilliseconds(1),
        2 or 3 => TimeSpan.FromMinutes(random.Next(121, 300)),
        _ => TimeSpan.FromSeconds(random.Next(60, 3_000)),
    };

    private static TaxiFare FareFor(Random random, RideEvent start)
    {
        bool card = random.Next(100) < 60;
        decimal tip = card ? random.Next(0, 1_200) / 100m : 0; // Nobody tells of tips in cash.
        decimal tolls = random.Next(100) < 8 ? 5.33m : 0;
        decimal ride = random.Next(500, 6_000) / 100m;
        return new TaxiFare(start.RideId, start.DriverId, start.Time, card ? "card" : "cash", tip, tolls, ride + tip + tolls);
    }
}
