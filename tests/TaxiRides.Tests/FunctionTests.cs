using Millrace;
using Millrace.Testing;
using TaxiRides.Functions;
using TaxiRides.Records;

namespace TaxiRides.Tests;

/// <summary>Joins and alerts one event at a time: when they speak, and that they forget.</summary>
public sealed class FunctionTests
{
    private static readonly DateTime Noon = new(2013, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_ride_and_its_fare_are_joined_whichever_comes_first(bool rideFirst)
    {
        using var harness = Join();
        var withoutFare = harness.SideOutput(JoinRidesAndFares.RidesWithoutFare);
        var withoutRide = harness.SideOutput(JoinRidesAndFares.FaresWithoutRide);
        for (int half = 0; half < 2; half++)
        {
            if (rideFirst == (half == 0))
            {
                harness.Process1(Start(7), At(Noon));
            }
            else
            {
                harness.Process2(Fare(7), At(Noon));
            }

            Assert.Equal(half, harness.Output.Count);
        }

        harness.Watermark(At(Noon.AddHours(1)));
        Assert.Equal([new RideWithFare(7, 2, Noon, 3, "card", 4.5m, 20m)], harness.Output);
        Assert.Empty(withoutFare);
        Assert.Empty(withoutRide);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void Who_waits_in_vain_is_given_up_when_the_watermark_of_both_has_passed()
    {
        using var harness = Join();
        var withoutFare = harness.SideOutput(JoinRidesAndFares.RidesWithoutFare);
        var withoutRide = harness.SideOutput(JoinRidesAndFares.FaresWithoutRide);
        harness.Process1(Start(7), At(Noon));
        harness.Process2(Fare(8), At(Noon));
        harness.Watermark1(At(Noon));
        harness.Watermark2(At(Noon) - 1);
        Assert.Empty(withoutFare);
        Assert.Empty(withoutRide);
        Assert.NotEqual(0, harness.StateEntries);

        harness.Watermark2(At(Noon));
        Assert.Equal([Start(7)], withoutFare);
        Assert.Equal([Fare(8)], withoutRide);
        Assert.Empty(harness.Output);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void The_alert_comes_when_two_hours_of_event_time_have_passed_and_only_once()
    {
        using var harness = Alerts();
        harness.Process(Start(7), At(Noon));
        harness.Watermark(At(Noon.AddHours(2)) - 1);
        Assert.Empty(harness.Output);

        harness.Watermark(At(Noon.AddHours(2)));
        Assert.Equal([new LongRide(7, 1, 2, Noon)], harness.Output);

        // Its END comes at last; nobody waits for it, and it is not kept.
        harness.Process(End(7, TimeSpan.FromHours(5)), At(Noon.AddHours(5)));
        harness.Watermark(At(Noon.AddHours(5)));
        Assert.Single(harness.Output);
        Assert.Equal(0, harness.StateEntries);
    }

    [Theory]
    [InlineData(119, 0, 0)]
    [InlineData(120, 0, 0)]
    [InlineData(120, 1, 1)]
    [InlineData(200, 0, 1)]
    public void A_ride_is_long_by_its_length_whichever_end_of_it_comes_first(int minutes, int milliseconds, int alerts)
    {
        var length = new TimeSpan(0, 0, minutes, 0, milliseconds);
        var end = End(7, length);
        foreach (bool startFirst in (bool[])[true, false])
        {
            using var harness = Alerts();
            harness.Process(startFirst ? Start(7) : end, At(startFirst ? Noon : end.Time));
            harness.Process(startFirst ? end : Start(7), At(startFirst ? end.Time : Noon));
            Assert.Equal(alerts, harness.Output.Count);
            Assert.Equal(0, harness.StateEntries);
            harness.Watermark(At(Noon.AddHours(9)));
            Assert.Equal(alerts, harness.Output.Count);
        }
    }

    [Fact]
    public void An_END_without_a_START_is_no_alert_and_is_forgotten()
    {
        using var harness = Alerts();
        harness.Process(End(7, TimeSpan.FromHours(3)), At(Noon.AddHours(3)));
        harness.Watermark(At(Noon.AddHours(3)) - 1);
        Assert.NotEqual(0, harness.StateEntries);
        harness.EndInput();
        Assert.Empty(harness.Output);
        Assert.Equal(0, harness.StateEntries);
    }

    [Theory]
    [InlineData(-74.0, 40.7, true)]
    [InlineData(-74.05, 40.5, true)]
    [InlineData(-73.7, 41.0, true)]
    [InlineData(-74.06, 40.7, false)]
    [InlineData(-73.69, 40.7, false)]
    [InlineData(-74.0, 40.49, false)]
    [InlineData(-74.0, 41.01, false)]
    public void A_ride_that_begins_or_ends_elsewhere_is_taken_out(double longitude, double latitude, bool inside)
    {
        var place = new Place(longitude, latitude);
        foreach (var ride in (RideEvent[])[Start(7) with { From = place }, Start(7) with { To = place }])
        {
            using var harness = new OperatorHarness<RideEvent, RideEvent>(rides => rides.Process(() => new Cleansing()));
            var outside = harness.SideOutput(Cleansing.OutsideTheCity);
            harness.Process(ride, At(Noon));
            Assert.Equal(inside ? [ride] : [], harness.Output);
            Assert.Equal(inside ? [] : [ride], outside);
        }
    }

    private static TwoInputOperatorHarness<RideEvent, TaxiFare, RideWithFare> Join() => new(
        (rides, fares) => rides.KeyBy(ride => ride.RideId).Connect(fares.KeyBy(fare => fare.RideId)).Process(() => new JoinRidesAndFares()));

    private static OperatorHarness<RideEvent, LongRide> Alerts() => new(rides => rides.KeyBy(ride => ride.RideId).Process(() => new LongRides()));

    private static RideEvent Start(long id) => new(id, true, Noon, new Place(-74, 40.7), new Place(-73.9, 40.8), 3, 1, 2);

    private static RideEvent End(long id, TimeSpan after) => Start(id) with { IsStart = false, Time = Noon + after };

    private static TaxiFare Fare(long id) => new(id, 2, Noon, "card", 4.5m, 0, 20m);

    private static long At(DateTime time) => EventTime.From(time);
}
