using System.Collections.Concurrent;
using Millrace.State;
using Millrace.Windowing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>The sum of the values of a window.</summary>
internal sealed class Total : AggregateFunction<Reading, (int Count, long Sum), string>
{
    public override (int Count, long Sum) CreateAccumulator() => default;

    public override void Add(ref (int Count, long Sum) accumulator, Reading value) => accumulator = (accumulator.Count + 1, accumulator.Sum + value.Value + (value.Key * 100_000));

    public override void Merge(ref (int Count, long Sum) target, in (int Count, long Sum) source) => target = (target.Count + source.Count, target.Sum + source.Sum);

    public override string GetResult(in (int Count, long Sum) accumulator) => $"{accumulator.Count}: {accumulator.Sum}";
}

/// <summary>The values of a window, in order.</summary>
internal sealed class SortedWindow : ProcessWindowFunction<Reading, string, int, TimeWindow>
{
    public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Reading> elements, Collector<string> output) =>
        output.Collect($"{key} {context.Window}: {string.Join(' ', elements.Select(reading => reading.Value).Order())}");
}

/// <summary>Takes the numbers whose turn it is by number.</summary>
internal sealed class TakeOwn : ProcessFunction<long, long>
{
    private RuntimeContext? _context;

    public override void Open(RuntimeContext context) => _context = context;

    public override void ProcessElement(long value, ProcessContext context, Collector<long> output)
    {
        if (value % _context!.Parallelism == _context.SubtaskIndex)
        {
            output.Collect(value);
        }
    }
}

/// <summary>Totals of buckets of 40 ms with all kinds of keyed state; timers say when a bucket is full.</summary>
/// <param name="ttl">The time to live of all state; longer than a job runs, so that results do not depend on the clock.</param>
internal sealed class BucketTotals(StateTtl? ttl = null) : KeyedProcessFunction<int, Reading, string>
{
    private ValueState<long> _sum = null!;
    private ListState<int> _values = null!;
    private MapState<long, int> _buckets = null!;

    public override void Open(RuntimeContext context)
    {
        _sum = context.GetState(new ValueStateDescriptor<long>("sum") { Ttl = ttl });
        _values = context.GetListState(new ListStateDescriptor<int>("values") { Ttl = ttl });
        _buckets = context.GetMapState(new MapStateDescriptor<long, int>("buckets") { Ttl = ttl });
    }

    public override void ProcessElement(Reading value, KeyedProcessContext<int> context, Collector<string> output)
    {
        long bucket = value.Time / 40 * 40;
        _sum.GetOrAdd() += value.Value;
        _values.Add(value.Value);
        _buckets.GetOrAdd(bucket) += value.Value;
        context.Timers.RegisterEventTimeTimer(bucket + 39);
        context.Timers.RegisterEventTimeTimer(100_000);
    }

    public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<string> output)
    {
        if (timestamp == 100_000)
        {
            output.Collect($"{context.CurrentKey} in all: {_sum.Value} from {string.Join(' ', _values.AsSpan().ToArray().Order())}, {_buckets.Count} left");
            return;
        }

        long bucket = timestamp - 39;
        output.Collect($"{context.CurrentKey} {bucket}: {_buckets[bucket]}");
        _buckets.Remove(bucket);
    }
}

/// <summary>Passes readings on some time later, by the clock on the wall; those that are left at the end, then.</summary>
internal sealed class Delayed : KeyedProcessFunction<int, Reading, Reading>
{
    private ListState<Reading> _waiting = null!;

    public override void Open(RuntimeContext context) => _waiting = context.GetListState(new ListStateDescriptor<Reading>("waiting"));

    public override void ProcessElement(Reading value, KeyedProcessContext<int> context, Collector<Reading> output)
    {
        _waiting.Add(value);
        context.Timers.RegisterProcessingTimeTimer(context.CurrentProcessingTime + 3);
        context.Timers.RegisterEventTimeTimer(100_000);
    }

    public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<Reading> output)
    {
        foreach (var reading in _waiting.AsSpan().ToArray())
        {
            output.Collect(reading);
        }

        _waiting.Clear();
    }
}

/// <summary>What <see cref="OperatorStates"/> has counted, by start and subtask.</summary>
internal sealed class OperatorTallies
{
    public ConcurrentDictionary<(int Start, int Subtask), (long Count, long Sum)> Values { get; } = new();

    public IEnumerable<string> Read()
    {
        var last = Values.GroupBy(value => value.Key.Start).MaxBy(start => start.Key);
        return [$"{last?.Sum(value => value.Value.Count)}: {last?.Sum(value => value.Value.Sum)}"];
    }
}

/// <summary>
/// Counts in operator state: what it has seen is dealt out at another parallelism, and nothing of it may be lost or doubled. Of a union everybody gets everything.
/// </summary>
internal sealed class OperatorStates(OperatorTallies tallies, int start) : ProcessFunction<Reading, int>, ICheckpointedFunction
{
    private OperatorListState<(long Count, long Sum)> _split = null!;
    private OperatorListState<(int Subtask, long Count)> _union = null!;
    private RuntimeContext _context = null!;
    private long _count;
    private long _sum;
    private long _unionCount;

    public override void Open(RuntimeContext context)
    {
        _context = context;
        _split = context.OperatorState.GetListState(new ListStateDescriptor<(long Count, long Sum)>("split"));
        _union = context.OperatorState.GetUnionListState(new ListStateDescriptor<(int Subtask, long Count)>("union"));
        _count = _split.Items.Sum(item => item.Count);
        _sum = _split.Items.Sum(item => item.Sum);

        // One subtask takes over what all have counted.
        _unionCount = context.SubtaskIndex == 0 ? _union.Items.Sum(item => item.Count) : 0;
        Tell();
    }

    public override void ProcessElement(Reading value, ProcessContext context, Collector<int> output)
    {
        _count++;
        _sum += value.Value;
        _unionCount++;
        Tell();
        output.Collect(value.Value);
    }

    public void SnapshotState(long checkpointId)
    {
        // Several items, so that there is something to deal out.
        _split.Update([(_count / 2, 0), (_count - (_count / 2), 0), (0, _sum)]);
        _union.Update([(_context.SubtaskIndex, _unionCount)]);
    }

    private void Tell() => tallies.Values[(start, _context.SubtaskIndex)] = (_count, _sum + (_unionCount * 1_000_000));
}

/// <summary>Doubles a value after a while that depends on it, so that results overtake each other.</summary>
internal sealed class SlowDoubling(bool fails) : AsyncFunction<Reading, Reading>
{
    private readonly HashSet<Reading> _failed = [];
    private TimeProvider _time = null!;

    public override void Open(RuntimeContext context) => _time = context.TimeProvider;

    public override async ValueTask<Reading> InvokeAsync(Reading value, CancellationToken cancellationToken)
    {
        // On the subtask's turn, so that the set needs no lock.
        bool isFirst = fails && value.Value % 3 == 0 && _failed.Add(value);

        // Not Task.Delay: when it is cancelled, it ends on another thread, which a run on one thread in virtual time does not wait for.
        var waited = new TaskCompletionSource();
        await using var timer = _time.CreateTimer(_ => waited.TrySetResult(), null, TimeSpan.FromMilliseconds(1 + (Math.Abs(value.Value) * 7 % 5)), Timeout.InfiniteTimeSpan);
        await using var registration = cancellationToken.Register(() => waited.TrySetCanceled(cancellationToken));
        await waited.Task;
        return isFirst ? throw new InvalidOperationException("Busy.") : value with { Value = value.Value * 2 };
    }
}

/// <summary>Counts the firings of each window and of each key.</summary>
internal sealed class CountFirings : ProcessWindowFunction<Reading, string, int, TimeWindow>
{
    private static readonly ValueStateDescriptor<int> Firings = new("firings");
    private static readonly ListStateDescriptor<long> OfKey = new("of-key");

    public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<Reading> elements, Collector<string> output)
    {
        int ofWindow = ++context.WindowState.GetState(Firings).GetOrAdd();
        var ofKey = context.GlobalState.GetListState(OfKey);
        ofKey.Add(context.Window.Start);
        output.Collect($"{key} {context.Window}: {elements.Count} records, firing {ofWindow}, {ofKey.Count} of the key");
    }

    public override void Clear(int key, WindowContext<TimeWindow> context) => context.WindowState.GetState(Firings).Clear();
}
