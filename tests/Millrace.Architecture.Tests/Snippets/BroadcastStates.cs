using Millrace.State;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/broadcast-state.md.</summary>
internal static class BroadcastStates
{
    public sealed record Measurement(string Sensor, string Kind, int Value);

    public sealed record Limit(string Kind, int Value);

    public sealed class Alerts : KeyedBroadcastProcessFunction<string, Measurement, Limit, string>
    {
        public static readonly MapStateDescriptor<string, int> Limits = new("limits");
        private static readonly ValueStateDescriptor<Measurement> Last = new("last");

        private ValueState<Measurement> _last = null!;

        public override void Open(RuntimeContext context) => _last = context.GetState(Last);

        public override void ProcessElement(Measurement measurement, KeyedReadOnlyBroadcastContext<string> context, Collector<string> output)
        {
            _last.Value = measurement;
            if (context.GetBroadcastState(Limits).TryGet(measurement.Kind, out int limit) && measurement.Value > limit)
            {
                output.Collect($"{context.CurrentKey} is at {measurement.Value}");
            }
        }

        public override void ProcessBroadcastElement(Limit limit, KeyedBroadcastContext<string> context, Collector<string> output)
        {
            context.GetBroadcastState(Limits).Put(limit.Kind, limit.Value);
            context.ApplyToKeyedState(Last, (sensor, last) =>
            {
                if (last.TryGet(out var measurement) && measurement.Kind == limit.Kind && measurement.Value > limit.Value)
                {
                    output.Collect($"{sensor} was at {measurement.Value}");
                }
            });
        }
    }

    internal static void InAJob(DataStream<Measurement> measurements, DataStream<Limit> limits)
    {
        measurements.KeyBy(measurement => measurement.Sensor)
            .Connect(limits.Broadcast(Alerts.Limits))
            .Process(() => new Alerts())
            .Uid("alerts");
    }
}
