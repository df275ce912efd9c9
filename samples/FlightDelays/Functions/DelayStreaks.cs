using FlightDelays.Records;
using Millrace;
using Millrace.State;

namespace FlightDelays.Functions;

/// <summary>
/// Raises an alert when so many departures of an airport in a row were delayed: once per streak, until a punctual departure ends it.
/// </summary>
/// <remarks>
/// "In a row" means in order of event time, but flights arrive in another order. So a flight waits until the watermark says that nothing earlier is
/// to come. One that comes at or before the watermark is ignored: what it would have changed has been decided.
/// </remarks>
/// <param name="length">How many departures make a streak.</param>
public sealed class DelayStreaks(int length) : KeyedProcessFunction<string, Flight, DelayAlert>
{
    private ListState<Flight> _waiting = null!;
    private ValueState<Streak> _streak = null!;

    /// <inheritdoc/>
    public override void Open(RuntimeContext context)
    {
        _waiting = context.GetListState(new ListStateDescriptor<Flight>("waiting"));
        _streak = context.GetState(new ValueStateDescriptor<Streak>("streak"));
    }

    /// <inheritdoc/>
    public override void ProcessElement(Flight flight, KeyedProcessContext<string> context, Collector<DelayAlert> output)
    {
        if (context.Timestamp > context.CurrentWatermark)
        {
            _waiting.Add(flight);
            context.Timers.RegisterEventTimeTimer(context.Timestamp);
        }
    }

    /// <inheritdoc/>
    public override void OnTimer(long timestamp, KeyedTimerContext<string> context, Collector<DelayAlert> output)
    {
        Flight[] waiting = [.. _waiting.AsSpan()];
        _waiting.Update([.. waiting.Where(flight => !IsDue(flight))]);
        foreach (var flight in waiting.Where(IsDue).OrderBy(flight => flight.Destination, StringComparer.Ordinal).ThenBy(flight => flight.Distance))
        {
            Depart(flight, context.CurrentKey, output);
        }

        // Timers fire in order of time, so this one finds the flights of its own moment and none before it.
        bool IsDue(Flight flight) => EventTime.From(flight.Departure) == timestamp;
    }

    private void Depart(Flight flight, string airport, Collector<DelayAlert> output)
    {
        if (!flight.IsDelayed)
        {
            _streak.Clear();
            return;
        }

        ref var streak = ref _streak.GetOrAdd();
        if (streak.Departures++ == 0)
        {
            streak.Since = flight.Departure;
        }

        if (streak.Departures == length)
        {
            output.Collect(new DelayAlert(airport, flight.Departure.UtcDateTime, streak.Since.UtcDateTime));
        }
    }

    /// <summary>The delayed departures since the last punctual one.</summary>
    private struct Streak
    {
        public int Departures;
        public DateTimeOffset Since;
    }
}
