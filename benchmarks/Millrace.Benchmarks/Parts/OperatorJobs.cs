using System.Threading.Tasks.Sources;
using Millrace.Benchmarks.Harness;
using Millrace.Connectors;
using Millrace.State;
using Millrace.Windowing;

namespace Millrace.Benchmarks.Parts;

/// <summary>Jobs of the operators that keep records for a while: session windows, interval joins and asynchronous calls. Event time is a millisecond a record.</summary>
internal static class OperatorJobs
{
    /// <summary>How many asynchronous calls are under way at once.</summary>
    public const int InFlight = 10_000;

    private const int RecordsPerWatermark = 1 << 9;

    // Bursts of this many records belong to few keys, which are then silent for long: their sessions end.
    private const int Burst = 1 << 12;
    private const int KeysOfBurst = 64;
    private const long ManyJoinKeys = 10_000;
    private const long FewJoinKeys = 100;

    public static EngineJob Sessions(int parallelism) => new("sessions", parallelism, static (env, records) =>
        env.FromGenerator(MakeSession, records, watermarks: Time())
            .KeyBy(e => e.Key)
            .Window(EventTimeSessionWindows.WithGap(TimeSpan.FromSeconds(2)))
            .Aggregate(() => new TotalsOf())
            .SinkTo(new DiscardSink<long>()));

    /// <summary>
    /// Every record of the one half is joined with those of the other half that are at most half a second away. With few keys that is five of them, and a key always has records that are waited for;
    /// with many keys it is one now and then, and most records find nothing of their key.
    /// </summary>
    public static EngineJob IntervalJoin(int parallelism, bool manyKeys) => new("interval join", parallelism, (env, records) =>
    {
        var all = env.FromGenerator(index => MakeJoin(index, manyKeys ? ManyJoinKeys : FewJoinKeys), records, watermarks: Time());
        all.Filter(e => (e.Value & 1) == 0).KeyBy(e => e.Key)
            .IntervalJoin(all.Filter(e => (e.Value & 1) == 1).KeyBy(e => e.Key))
            .Between(TimeSpan.FromSeconds(-0.5), TimeSpan.FromSeconds(0.5))
            .Process((left, right) => left.Value + right.Value)
            .SinkTo(new DiscardSink<long>());
    });

    public static EngineJob Async(int parallelism, AsyncOrder order) => new("async", parallelism, (env, records) =>
    {
        long perSubtask = records / env.Options.Parallelism;
        env.FromGenerator(EngineJobs.Make, records)
            .MapAsync(() => new OneBehind(perSubtask), new AsyncOptions<Event, long> { Order = order, Capacity = InFlight })
            .SinkTo(new DiscardSink<long>());
    });

    /// <summary>Counts by key, 100,000 of them, in a value state.</summary>
    public static EngineJob Count(int parallelism, StateTtl? ttl) => new("count", parallelism, (env, records) =>
        env.FromGenerator(EngineJobs.Make, records)
            .KeyBy(e => e.Key)
            .Process(() => new Counting(ttl))
            .SinkTo(new DiscardSink<long>()));

    public static Event MakeSession(long index) => new((index / Burst * KeysOfBurst) + (index % KeysOfBurst), index);

    public static Event MakeJoin(long index, long keys) => new(index / 2 % keys, index);

    private static WatermarkStrategy<Event> Time() => WatermarkStrategy<Event>.ForMonotonousTimestamps().WithTimestampAssigner(e => e.Value).WithWatermarkEvery(RecordsPerWatermark);

    private sealed class Counting(StateTtl? ttl) : KeyedProcessFunction<long, Event, long>
    {
        private ValueState<long> _count = null!;

        public override void Open(RuntimeContext context) => _count = context.GetState(new ValueStateDescriptor<long>("count") { Ttl = ttl });

        public override void ProcessElement(Event value, KeyedProcessContext<long> context, Collector<long> output) => output.Collect(++_count.GetOrAdd());
    }

    /// <summary>
    /// Calls that are answered when as many others are under way, by the thread that makes the next one: what is measured is the engine, and neither a network nor the thread pool.
    /// Allocates nothing after its first calls.
    /// </summary>
    private sealed class OneBehind(long records) : AsyncFunction<Event, long>
    {
        private readonly Queue<Answer> _underWay = new(InFlight);
        private readonly Stack<Answer> _free = new(InFlight);
        private long _calls;

        public override ValueTask<long> InvokeAsync(Event value, CancellationToken cancellationToken)
        {
            var answer = _free.TryPop(out var free) ? free : new Answer(_free);
            _underWay.Enqueue(answer);
            var task = answer.Begin(value.Value);
            _calls++;

            // With the last call nobody comes any more who would answer the others.
            while (_underWay.Count >= (_calls < records ? InFlight : 1))
            {
                _underWay.Dequeue().End();
            }

            return task;
        }
    }

    private sealed class Answer(Stack<Answer> free) : IValueTaskSource<long>
    {
        private ManualResetValueTaskSourceCore<long> _core;
        private long _value;

        public ValueTask<long> Begin(long value)
        {
            _core.Reset();
            _value = value;
            return new ValueTask<long>(this, _core.Version);
        }

        public void End() => _core.SetResult(_value);

        public long GetResult(short token)
        {
            long result = _core.GetResult(token);
            free.Push(this);
            return result;
        }

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _core.OnCompleted(continuation, state, token, flags);
    }
}
