using Millrace;
using Millrace.State;
using TaxiRides.Records;

namespace TaxiRides.Functions;

/// <summary>Raises an alert as soon as a ride has taken two hours of event time, whether its END is late, lost, or there before its START.</summary>
/// <remarks>
/// The alert does not say whether the END has come: that would depend on how fast it was, and not on the ride. State is gone as soon as the END is known,
/// or the alert is raised. The END of a ride with an alert finds nothing, waits like one that is before its START, and is given up when the watermark
/// passes it: a START is not to come any more then.
/// </remarks>
public sealed class LongRides : KeyedProcessFunction<long, RideEvent, LongRide>
{
    /// <summary>A ride may take so long without an alert.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromHours(2);

    private ValueState<RideEvent> _first = null!;

    /// <inheritdoc/>
    public override void Open(RuntimeContext context) => _first = context.GetState(new ValueStateDescriptor<RideEvent>("first"));

    /// <inheritdoc/>
    public override void ProcessElement(RideEvent ride, KeyedProcessContext<long> context, Collector<LongRide> output)
    {
        if (!_first.TryGet(out var first))
        {
            _first.Value = ride;
            context.Timers.RegisterEventTimeTimer(Due(ride));
            return;
        }

        if (first.IsStart == ride.IsStart)
        {
            // Told twice, which changes nothing.
            return;
        }

        var (start, end) = ride.IsStart ? (ride, first) : (first, ride);
        _first.Clear();
        context.Timers.DeleteEventTimeTimer(Due(first));
        if (end.Time - start.Time > Limit)
        {
            output.Collect(Alert(start));
        }
    }

    /// <inheritdoc/>
    public override void OnTimer(long timestamp, KeyedTimerContext<long> context, Collector<LongRide> output)
    {
        if (_first.TryGet(out var first))
        {
            _first.Clear();
            if (first.IsStart)
            {
                output.Collect(Alert(first));
            }
        }
    }

    // An END of exactly two hours after the START is there when the watermark comes to that moment, so that it stops the alert.
    private static long Due(RideEvent first) => EventTime.From(first.IsStart ? first.Time + Limit : first.Time);

    private static LongRide Alert(RideEvent start) => new(start.RideId, start.TaxiId, start.DriverId, start.Time);
}
