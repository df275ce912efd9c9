using Millrace.Benchmarks.Harness;
using Millrace.Connectors;

namespace Millrace.Benchmarks.Parts;

/// <summary>
/// A job that reads and writes one of many entries of keyed state for every record, and never ends by itself: generator → hash exchange → keyed function →
/// sink. At first every key once, then evenly spread ones.
/// </summary>
internal static class StateJob
{
    // More than any run gets through.
    private const long Records = 1L << 50;

    /// <param name="env">Where the job belongs.</param>
    /// <param name="keys">How many entries there are: a multiple of the parallelism.</param>
    /// <param name="probes">What the subtasks of the function leave behind; as many as subtasks.</param>
    public static void Build(StreamExecutionEnvironment env, long keys, StateProbe[] probes)
    {
        int subtasks = env.Options.Parallelism;
        long range = Records / subtasks;
        env.FromGenerator(
                index =>
                {
                    long place = index % range;
                    return new Event(place < keys / subtasks ? (place * subtasks) + (index / range) : Scrambled.Below(index, keys), index);
                },
                Records)
            .KeyBy(e => e.Key)
            .Process(() => new Update(probes))
            .SinkTo(new DiscardSink<Event>());
    }

    /// <summary>96 bytes inline.</summary>
    internal record struct Payload(double A, double B, double C, double D, double E, double F, double G, double H, double I, double J, double K, double L);

    private sealed class Update(StateProbe[] probes) : KeyedProcessFunction<long, Event, Event>
    {
        private State.ValueState<Payload> _state = null!;
        private StateProbe _probe = null!;

        public override void Open(RuntimeContext context)
        {
            _probe = probes[context.SubtaskIndex];
            _probe.Opened();
            _state = context.GetState(new State.ValueStateDescriptor<Payload>("payload"));
        }

        public override void ProcessElement(Event value, KeyedProcessContext<long> context, Collector<Event> output)
        {
            ref var payload = ref _state.GetOrAdd();
            if (_probe.Passes(isNew: payload.A == 0))
            {
                output.Collect(value);
            }

            payload.A++;
        }
    }
}
