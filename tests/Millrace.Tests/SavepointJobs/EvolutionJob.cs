using Millrace.Connectors;
using Millrace.State;
using Millrace.Windowing;

namespace Millrace.Tests.SavepointJobs;

/// <summary>One job in several versions, which differ by the type of its state alone: all kinds of state have one and the same names in each.</summary>
internal static class EvolutionJob
{
    public const string Keyed = "keyed";
    public const string Reduced = "reduced";
    public const string Windowed = "windowed";

    /// <param name="make">Makes a value of a key's count.</param>
    /// <param name="show">Says what a value is.</param>
    /// <param name="results">Takes what the states were found to be.</param>
    public static Action<StreamExecutionEnvironment> Build<T>(Func<int, T> make, Func<T, string> show, List<string> results) => env =>
    {
        var numbers = env.FromGenerator(index => index, 100, recordsPerSecond: 10, WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(number => number)).Uid("numbers").Parallelism(1);
        numbers.KeyBy(_ => 0).Process(() => new AllKinds<T>(make, show)).Uid(Keyed).Parallelism(1).SinkTo(new CallbackSink<string>(results.Add)).Uid("a").Parallelism(1);
        numbers.Map(number => new Row<T>(0, make((int)number))).Uid("rows").Parallelism(1)
            .KeyBy(row => row.Key).Reduce((first, _) => first).Uid(Reduced).Parallelism(1)
            .SinkTo(new CallbackSink<Row<T>>(row => results.Add($"reduced {show(row.Value)}"))).Uid("b").Parallelism(1);
        numbers.KeyBy(_ => 0).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(100))).Aggregate(() => new First<T>(make, show)).Uid(Windowed).Parallelism(1)
            .SinkTo(new CallbackSink<string>(results.Add)).Uid("c").Parallelism(1);
    };

    public sealed record Row<T>(int Key, T Value);

    public sealed record Accumulator<T>(T First, int Count);

    /// <summary>Keeps what the first number made, in every kind of state, and shows it with each number.</summary>
    private sealed class AllKinds<T>(Func<int, T> make, Func<T, string> show) : KeyedProcessFunction<int, long, string>
    {
        private ValueState<T> _value = null!;
        private ListState<T> _list = null!;
        private MapState<string, T> _map = null!;
        private OperatorListState<T> _elements = null!;
        private OperatorListState<T> _union = null!;

        public override void Open(RuntimeContext context)
        {
            _value = context.GetState(new ValueStateDescriptor<T>("value"));
            _list = context.GetListState(new ListStateDescriptor<T>("list"));
            _map = context.GetMapState(new MapStateDescriptor<string, T>("map"));
            _elements = context.OperatorState.GetListState(new ListStateDescriptor<T>("elements"));
            _union = context.OperatorState.GetUnionListState(new ListStateDescriptor<T>("union"));
        }

        public override void ProcessElement(long value, KeyedProcessContext<int> context, Collector<string> output)
        {
            if (!_value.Exists)
            {
                var made = make((int)value);
                _value.Value = made;
                _list.Add(made);
                _map["one"] = made;
                _elements.Add(made);
                _union.Add(made);
            }

            output.Collect($"keyed {show(_value.Value!)} {show(_list.AsSpan()[0])} {show(_map["one"])} {show(_elements.Items[0])} {show(_union.Items[0])}");
        }
    }

    private sealed class First<T>(Func<int, T> make, Func<T, string> show) : AggregateFunction<long, Accumulator<T>, string>
    {
        public override Accumulator<T> CreateAccumulator() => new(make(-1), 0);

        public override void Add(ref Accumulator<T> accumulator, long value) =>
            accumulator = accumulator.Count == 0 ? new Accumulator<T>(make((int)value), 1) : accumulator with { Count = accumulator.Count + 1 };

        public override void Merge(ref Accumulator<T> target, in Accumulator<T> source) =>
            target = target.Count == 0 ? source : target with { Count = target.Count + source.Count };

        public override string GetResult(in Accumulator<T> accumulator) => $"window {show(accumulator.First)} {accumulator.Count}";
    }
}
