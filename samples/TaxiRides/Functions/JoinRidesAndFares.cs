using Millrace;
using Millrace.State;
using TaxiRides.Records;

namespace TaxiRides.Functions;

/// <summary>Joins a ride's START with its fare, whichever comes first. What has waited in vain goes to a side output.</summary>
/// <remarks>
/// Both have the same event time, so when the watermark has passed it, the other half is not to come any more: then, and not before, what waits is given
/// up. Thus state holds only what is younger than the disorder, although some rides and fares never match.
/// </remarks>
public sealed class JoinRidesAndFares : KeyedCoProcessFunction<long, RideEvent, TaxiFare, RideWithFare>
{
    /// <summary>Rides without a fare.</summary>
    public static readonly OutputTag<RideEvent> RidesWithoutFare = new("rides-without-fare");

    /// <summary>Fares without a ride: those of rides outside the city.</summary>
    public static readonly OutputTag<TaxiFare> FaresWithoutRide = new("fares-without-ride");

    private ValueState<RideEvent> _ride = null!;
    private ValueState<TaxiFare> _fare = null!;

    /// <inheritdoc/>
    public override void Open(RuntimeContext context)
    {
        _ride = context.GetState(new ValueStateDescriptor<RideEvent>("ride"));
        _fare = context.GetState(new ValueStateDescriptor<TaxiFare>("fare"));
    }

    /// <inheritdoc/>
    public override void ProcessElement1(RideEvent ride, KeyedProcessContext<long> context, Collector<RideWithFare> output)
    {
        if (_fare.TryGet(out var fare))
        {
            _fare.Clear();
            context.Timers.DeleteEventTimeTimer(EventTime.From(fare.Time));
            output.Collect(Join(ride, fare));
        }
        else
        {
            _ride.Value = ride;
            context.Timers.RegisterEventTimeTimer(EventTime.From(ride.Time));
        }
    }

    /// <inheritdoc/>
    public override void ProcessElement2(TaxiFare fare, KeyedProcessContext<long> context, Collector<RideWithFare> output)
    {
        if (_ride.TryGet(out var ride))
        {
            _ride.Clear();
            context.Timers.DeleteEventTimeTimer(EventTime.From(ride.Time));
            output.Collect(Join(ride, fare));
        }
        else
        {
            _fare.Value = fare;
            context.Timers.RegisterEventTimeTimer(EventTime.From(fare.Time));
        }
    }

    /// <inheritdoc/>
    public override void OnTimer(long timestamp, KeyedTimerContext<long> context, Collector<RideWithFare> output)
    {
        if (_ride.TryGet(out var ride))
        {
            _ride.Clear();
            context.Output(RidesWithoutFare, ride);
        }

        if (_fare.TryGet(out var fare))
        {
            _fare.Clear();
            context.Output(FaresWithoutRide, fare);
        }
    }

    private static RideWithFare Join(RideEvent ride, TaxiFare fare) =>
        new(ride.RideId, ride.DriverId, ride.Time, ride.Passengers, fare.Payment, fare.Tip, fare.Total);
}
