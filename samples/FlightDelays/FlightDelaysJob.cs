using FlightDelays.Functions;
using FlightDelays.Records;
using Millrace;
using Millrace.Windowing;

namespace FlightDelays;

/// <summary>How punctual US airports were: real flights, in event time, into one folder per result.</summary>
/// <param name="options">Input, output, and how much disorder to expect.</param>
public sealed class FlightDelaysJob(FlightDelaysOptions options) : IStreamJob
{
    /// <summary>An airport needs this many flights on a day to be one of the day's worst.</summary>
    public const int FewestFlightsOfTheWorst = 10;

    /// <summary>The name of the operator whose watermark and late flights the program shows.</summary>
    public const string HourlyDelays = "Hourly delays";

    private const int WorstPerDay = 5;
    private const int DeparturesOfAStreak = 10;
    private static readonly OutputTag<Flight> Late = new("late");

    /// <inheritdoc/>
    public void Build(StreamExecutionEnvironment env)
    {
        var results = new ResultFolders(options.Output);

        // A flight happens when it departs, not when it is listed: rows come in order of the schedule, so event time is out of order by hours.
        // A watermark after every flight, and not by the clock, makes which flights are late a matter of the data alone. That costs some throughput.
        var flights = FlightFiles.Read(env, options.Input, WatermarkStrategy<Flight>
            .ForBoundedOutOfOrderness(options.MaxDisorder)
            .WithTimestampAssigner(flight => flight.Departure)
            .WithWatermarkEvery(1), options.Rate);
        var byOrigin = flights.KeyBy(flight => flight.Origin);

        // Every hour of every airport. Flights that come after their hour is closed are not lost: they go to a folder of their own.
        var hourly = byOrigin
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromHours(1)))
            .SideOutputLateData(Late)
            .Aggregate(() => new DelayStatistics(), () => new WithAirportAndWindow())
            .Name(HourlyDelays);
        results.Write(hourly, "hourly");
        results.Write(hourly.GetSideOutput(Late), "late");

        // The last 24 hours, every hour: a flight belongs to 24 windows, but is added up once.
        var daily = byOrigin
            .Window(SlidingEventTimeWindows.Of(TimeSpan.FromHours(24), slide: TimeSpan.FromHours(1)))
            .Aggregate(() => new DelayStatistics(), () => new WithAirportAndWindow())
            .Name("Daily delays");
        results.Write(daily, "daily");

        // A window over the results of a window: first each airport's day, then the ranking of all airports of that day.
        var worst = byOrigin
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromDays(1)))
            .Aggregate(() => new DelayStatistics(), () => new WithAirportAndWindow())
            .Name("Days of airports")
            .Filter(day => day.Flights >= FewestFlightsOfTheWorst)
            .KeyBy(day => day.WindowStart)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromDays(1)))
            .Process(() => new WorstOfTheDay(WorstPerDay))
            .Name("Worst airports");
        results.Write(worst, "worst");

        // Reference data is loaded by each subtask when it is opened.
        var enriched = flights.Process(() => new AddAirport(options.Airports)).Name("Add airport");
        results.Write(enriched, "enriched");
        results.Write(enriched.GetSideOutput(AddAirport.UnknownAirport), "unknown-airport");

        // State and timers by hand.
        var alerts = byOrigin.Process(() => new DelayStreaks(DeparturesOfAStreak)).Name("Delay streaks");
        results.Write(alerts, "alerts");
    }
}
