using Millrace;
using Millrace.Windowing;
using TaxiRides.Functions;
using TaxiRides.Records;

namespace TaxiRides;

/// <summary>The classic exercises on taxi rides, in one job: cleansing, a join with expiry, windows over windows, and alerts by timers.</summary>
/// <param name="options">How many rides, and how out of order they come.</param>
/// <param name="results">Where the results go.</param>
public sealed class TaxiRidesJob(TaxiRidesOptions options, ResultFolders results) : IStreamJob
{
    /// <summary>The name of the operator whose watermark the program shows.</summary>
    public const string LongRidesOperator = "Long rides";

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public void Build(StreamExecutionEnvironment env)
    {
        var streams = Declare(env, TaxiCity.Generate(options), options);
        results.Write(streams.Rides, "rides");
        results.Write(streams.OutsideTheCity, "outside-the-city");
        results.Write(streams.RidesWithFares, "rides-with-fares");
        results.Write(streams.RidesWithoutFare, "rides-without-fare");
        results.Write(streams.FaresWithoutRide, "fares-without-ride");
        results.Write(streams.Tips, "tips");
        results.Write(streams.DriversOfTheHour, "drivers-of-the-hour");
        results.Write(streams.LongRides, "long-rides");
    }

    /// <summary>Declares everything but where the results go.</summary>
    /// <param name="env">The environment.</param>
    /// <param name="city">The input, as it arrives.</param>
    /// <param name="options">How out of order it is, and how fast it is read.</param>
    /// <returns>The results.</returns>
    public static TaxiStreams Declare(StreamExecutionEnvironment env, TaxiCity city, TaxiRidesOptions options)
    {
        ArgumentNullException.ThrowIfNull(env);
        ArgumentNullException.ThrowIfNull(city);
        ArgumentNullException.ThrowIfNull(options);

        // One subtask each, which keeps the order of arrival: the disorder that is allowed is that of the whole stream.
        var events = env.FromGenerator(i => city.Rides[i], city.Rides.Length, options.Rate, WatermarkStrategy<RideEvent>
            .ForBoundedOutOfOrderness(options.Disorder)
            .WithTimestampAssigner(ride => EventTime.From(ride.Time))).Name("Rides").Parallelism(1);
        var fares = env.FromGenerator(i => city.Fares[i], city.Fares.Length, options.Rate, WatermarkStrategy<TaxiFare>
            .ForBoundedOutOfOrderness(options.Disorder)
            .WithTimestampAssigner(fare => EventTime.From(fare.Time))).Name("Fares").Parallelism(1);

        var rides = events.Process(() => new Cleansing()).Name("Cleansing");

        // Either may come first, and either may never come.
        var joined = rides.Filter(ride => ride.IsStart).KeyBy(ride => ride.RideId)
            .Connect(fares.KeyBy(fare => fare.RideId))
            .Process(() => new JoinRidesAndFares())
            .Name("Rides with fares");

        // A window over the results of a window: the sums of an hour have a time within that hour, so they meet again in the same one.
        var tips = fares.KeyBy(fare => fare.DriverId)
            .Window(TumblingEventTimeWindows.Of(Hour))
            .Aggregate(() => new SumOfTips(), () => new WithDriverAndHour())
            .Name("Tips");
        var best = tips.WindowAll(TumblingEventTimeWindows.Of(Hour)).Reduce(Better).Name("Drivers of the hour");

        var longRides = rides.KeyBy(ride => ride.RideId).Process(() => new LongRides()).Name(LongRidesOperator);

        return new TaxiStreams(
            rides, rides.GetSideOutput(Cleansing.OutsideTheCity),
            joined, joined.GetSideOutput(JoinRidesAndFares.RidesWithoutFare), joined.GetSideOutput(JoinRidesAndFares.FaresWithoutRide),
            tips, best, longRides);
    }

    // Of two with the same tips the lower number, so that it does not matter who comes first.
    private static HourlyTips Better(HourlyTips one, HourlyTips other) =>
        one.Tips > other.Tips || (one.Tips == other.Tips && one.DriverId < other.DriverId) ? one : other;
}
