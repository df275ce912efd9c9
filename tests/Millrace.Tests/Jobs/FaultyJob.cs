using Millrace.Serialization;
using Millrace.State;
using Millrace.Windowing;

namespace Millrace.Tests.Jobs;

/// <summary>A record of a <see cref="FaultyJob"/>.</summary>
public sealed record Item(int Key, long Time);

/// <summary>A job with every kind of user code, all of which can be told to throw.</summary>
internal static class FaultyJob
{
    public static StreamExecutionEnvironment Build(Probe probe, bool asynchronous, TimeProvider? time = null)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions
        {
            Parallelism = 2,
            BatchSize = 4,
            ChannelCapacity = 2,
            ObjectReuseCheck = probe.Fault == FaultPoint.Serializer,
        });
        env.TimeProvider = time ?? env.TimeProvider;
        if (probe.Fault == FaultPoint.Serializer)
        {
            env.RegisterSerializer(new FaultySerializer(probe));
        }

        var strategy = WatermarkStrategy<Item>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(10)).WithTimestampAssigner(item =>
        {
            probe.At(FaultPoint.TimestampAssigner);
            return item.Time;
        });
        env.FromSource(new FaultySource(probe), strategy, "the source")
            .Map(() => new FaultyMap(probe)).Name("the map")
            .KeyBy(item =>
            {
                probe.At(FaultPoint.KeySelector);
                return item.Key;
            })
            .Process(() => new FaultyKeyed(probe)).Name("the keyed")
            .KeyBy(item => item.Key)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(10)))
            .Aggregate(() => new FaultyAggregate(probe), () => new FaultyWindow(probe)).Name("the window")
            .SinkTo(new FaultySink(probe, asynchronous)).Name("the sink");
        return env;
    }

    /// <summary>The operator whose name an error must have.</summary>
    public static string OperatorOf(FaultPoint point) => point switch
    {
        FaultPoint.KeySelector => "the keyed",
        FaultPoint.Serializer => "the stream from",
        <= FaultPoint.TimestampAssigner => "the source",
        <= FaultPoint.MapClose => "the map",
        <= FaultPoint.KeyedClose => "the keyed",
        <= FaultPoint.WindowClose => "the window",
        _ => "the sink",
    };

    private sealed class FaultyMap(Probe probe) : MapFunction<Item, Item>
    {
        public override void Open(RuntimeContext context)
        {
            probe.Open(this);
            probe.At(FaultPoint.MapOpen);
        }

        public override Item Map(Item value)
        {
            probe.At(FaultPoint.Map);
            return value;
        }

        public override void Close()
        {
            probe.Close(this);
            probe.At(FaultPoint.MapClose);
        }
    }

    private sealed class FaultyKeyed(Probe probe) : KeyedProcessFunction<int, Item, Item>
    {
        private ValueState<int> _count = null!;

        public override void Open(RuntimeContext context)
        {
            probe.Open(this);
            _count = context.GetState(new ValueStateDescriptor<int>("count"));
            probe.At(FaultPoint.KeyedOpen);
        }

        public override void ProcessElement(Item value, KeyedProcessContext<int> context, Collector<Item> output)
        {
            probe.At(FaultPoint.KeyedElement);
            _count.GetOrAdd()++;
            context.Timers.RegisterEventTimeTimer(value.Time + 3);
            context.Timers.RegisterProcessingTimeTimer(context.CurrentProcessingTime);
            output.Collect(value);
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<Item> output) =>
            probe.At(context.TimeDomain == TimeDomain.EventTime ? FaultPoint.KeyedTimer : FaultPoint.KeyedProcessingTimer);

        public override void Close()
        {
            probe.Close(this);
            probe.At(FaultPoint.KeyedClose);
        }
    }

    private sealed class FaultyAggregate(Probe probe) : AggregateFunction<Item, int, int>
    {
        public override void Open(RuntimeContext context) => probe.Open(this);

        public override int CreateAccumulator() => 0;

        public override void Add(ref int accumulator, Item value)
        {
            probe.At(FaultPoint.WindowAdd);
            accumulator++;
        }

        public override void Merge(ref int target, in int source) => target += source;

        public override int GetResult(in int accumulator) => accumulator;

        public override void Close() => probe.Close(this);
    }

    private sealed class FaultyWindow(Probe probe) : ProcessWindowFunction<int, string, int, TimeWindow>
    {
        public override void Open(RuntimeContext context)
        {
            probe.Open(this);
            probe.At(FaultPoint.WindowOpen);
        }

        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<int> elements, Collector<string> output)
        {
            probe.At(FaultPoint.WindowProcess);
            output.Collect($"{key} {context.Window.Start} {elements[0]}");
        }

        public override void Close()
        {
            probe.Close(this);
            probe.At(FaultPoint.WindowClose);
        }
    }

    private sealed class FaultySerializer(Probe probe) : TypeSerializer<Item>
    {
        public override TypeSchema Schema { get; } = TypeSchema.Scalar("faulty item");

        public override bool IsImmutable => false;

        public override void Write(ref BinaryOutput output, in Item value) => probe.At(FaultPoint.Serializer);

        public override Item Read(ref BinaryInput input) => new(0, 0);

        public override TypeSerializer<Item> ForReading(TypeSchema written) => this;

        public override Item Copy(Item value)
        {
            probe.At(FaultPoint.Serializer);
            return value;
        }
    }
}
