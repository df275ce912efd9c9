using Millrace.Connectors;
using Millrace.State;
using Millrace.Windowing;

namespace Millrace.Tests.SavepointJobs;

/// <summary>A version of a job: everything that people change between a savepoint and the next start.</summary>
internal sealed record UpgradeJob
{
    public const string Keyed = "keyed";
    public const string Reduced = "reduced";
    public const string Windowed = "windowed";
    public const string Source = "source";

    /// <summary>What there is of a record: which of the types below.</summary>
    public string Type { get; init; } = "first";

    public string Kind { get; init; } = "value";

    public string StateName { get; init; } = "state";

    public bool HasTtl { get; init; }

    public bool HasMore { get; init; }

    public string Key { get; init; } = "int";

    public string KeyedUid { get; init; } = Keyed;

    /// <summary>Whether there is a function at all, and whether it is one over keys.</summary>
    public string Function { get; init; } = "keyed";

    public string Window { get; init; } = "tumbling";

    public bool HasReduce { get; init; } = true;

    public string Remembered { get; init; } = "int";

    public bool HasMap { get; init; }

    public int Parallelism { get; init; } = 2;

    public int MaxParallelism { get; init; } = 128;

    public bool MayDrop { get; init; }

    public Action<StreamExecutionEnvironment> Build(Action seen) => Type switch
    {
        "first" => Build(seen, number => new First(number, "x")),
        "added" => Build(seen, number => new Added(number, "x", 7)),
        "removed" => Build(seen, number => new Removed(number)),
        "reordered" => Build(seen, number => new Reordered("x", number)),
        "widened" => Build(seen, number => new Widened(number, "x")),
        "text" => Build(seen, number => new Text($"{number}", "x")),
        _ => Build(seen, number => number),
    };

    private Action<StreamExecutionEnvironment> Build<T>(Action seen, Func<int, T> make)
        where T : notnull => env =>
    {
        env.Options.Parallelism = Parallelism;
        env.Options.MaxParallelism = MaxParallelism;
        var time = WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(number => number);
        var numbers = env.FromGenerator(index => index, 10_000, recordsPerSecond: 100, time).Uid("numbers");
        if (HasMap)
        {
            numbers = numbers.Map(number => number).Uid("map");
        }

        numbers.SinkTo(new CallbackSink<long>(_ => seen())).Uid("numbers sink");

        if (Key == "int")
        {
            Keys(numbers, number => (int)(number % 10), make);
        }
        else
        {
            Keys(numbers, number => $"{number % 10}", make);
        }

        (Remembered switch
        {
            "int" => env.FromSource(new RememberingSource<int>(7)),
            "long" => env.FromSource(new RememberingSource<long>(7)),
            _ => env.FromSource(new RememberingSource<string>("7")),
        }).Uid(Source).Parallelism(1).SinkTo(new CallbackSink<long>(_ => { })).Uid("source sink").Parallelism(1);
    };

    private void Keys<TKey, T>(DataStream<long> numbers, Func<long, TKey> key, Func<int, T> make)
        where TKey : notnull
        where T : notnull
    {
        var keyed = numbers.KeyBy(key);
        if (Function != "none")
        {
            (Function == "keyed" ? keyed.Process(() => new OverKeys<TKey, T>(this, make)).Uid(KeyedUid) : numbers.Process(() => new WithoutKeys()).Uid(KeyedUid))
                .SinkTo(new CallbackSink<int>(_ => { })).Uid("keyed sink");
        }

        if (HasReduce)
        {
            keyed.Reduce((first, second) => first + second).Uid(Reduced).SinkTo(new CallbackSink<long>(_ => { })).Uid("reduced sink");
        }

        var windows = Window switch
        {
            "tumbling" => keyed.Window(TumblingEventTimeWindows.Of(TimeSpan.FromHours(1))).Aggregate(() => new Sum<T>(make)),
            "sliding" => keyed.Window(SlidingEventTimeWindows.Of(TimeSpan.FromHours(2), TimeSpan.FromHours(1))).Aggregate(() => new Sum<T>(make)),
            "session" => keyed.Window(EventTimeSessionWindows.WithGap(TimeSpan.FromHours(1))).Aggregate(() => new Sum<T>(make)),
            _ => null,
        };
        windows?.Uid(Windowed).SinkTo(new CallbackSink<int>(_ => { })).Uid("windowed sink");
    }

    public sealed record First(int Count, string Name);

    public sealed record Added(int Count, string Name, int More);

    public sealed record Removed(int Count);

    public sealed record Reordered(string Name, int Count);

    public sealed record Widened(long Count, string Name);

    public sealed record Text(string Count, string Name);

    private sealed class OverKeys<TKey, T>(UpgradeJob job, Func<int, T> make) : KeyedProcessFunction<TKey, long, int>
        where TKey : notnull
    {
        private Action _keep = static () => { };

        public override void Open(RuntimeContext context)
        {
            var ttl = job.HasTtl ? new StateTtl(TimeSpan.FromDays(1)) : null;
            switch (job.Kind)
            {
                case "value":
                    var value = context.GetState(new ValueStateDescriptor<T>(job.StateName) { Ttl = ttl });
                    _keep = () => value.Value = make(1);
                    break;
                case "list":
                    var list = context.GetListState(new ListStateDescriptor<T>(job.StateName) { Ttl = ttl });
                    _keep = () => list.Add(make(1));
                    break;
                case "map":
                    var map = context.GetMapState(new MapStateDescriptor<int, T>(job.StateName) { Ttl = ttl });
                    _keep = () => map[1] = make(1);
                    break;
                case "elements":
                    var elements = context.OperatorState.GetListState(new ListStateDescriptor<T>(job.StateName));
                    _keep = () => elements.Add(make(1));
                    break;
                case "union":
                    var union = context.OperatorState.GetUnionListState(new ListStateDescriptor<T>(job.StateName));
                    _keep = () => union.Add(make(1));
                    break;
            }

            if (job.HasMore)
            {
                context.GetState(new ValueStateDescriptor<Guid>("more"));
            }
        }

        public override void ProcessElement(long value, KeyedProcessContext<TKey> context, Collector<int> output)
        {
            _keep();
            context.Timers.RegisterEventTimeTimer(1_000_000_000);
            output.Collect(0);
        }
    }

    private sealed class WithoutKeys : ProcessFunction<long, int>
    {
        public override void ProcessElement(long value, ProcessContext context, Collector<int> output) => output.Collect(0);
    }

    private sealed class Sum<T>(Func<int, T> make) : AggregateFunction<long, T, int>
    {
        public override T CreateAccumulator() => make(0);

        public override void Add(ref T accumulator, long value) => accumulator = make(1);

        public override void Merge(ref T target, in T source)
        {
        }

        public override int GetResult(in T accumulator) => 0;
    }
}
