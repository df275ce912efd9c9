using Millrace.State;

namespace Millrace.Tests.FaultTolerance;

/// <summary>Totals of buckets of 40 ms over two streams; timers that either of them sets say when a bucket is full.</summary>
internal sealed class BothTotals : KeyedCoProcessFunction<int, Reading, Reading, string>
{
    private MapState<long, (long First, long Second)> _buckets = null!;

    public override void Open(RuntimeContext context) => _buckets = context.GetMapState(new MapStateDescriptor<long, (long First, long Second)>("buckets"));

    public override void ProcessElement1(Reading value, KeyedProcessContext<int> context, Collector<string> output) => BucketOf(value, context).First += value.Value;

    public override void ProcessElement2(Reading value, KeyedProcessContext<int> context, Collector<string> output) => BucketOf(value, context).Second += value.Value;

    public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<string> output)
    {
        long bucket = timestamp - 39;
        var (first, second) = _buckets[bucket];
        output.Collect($"{context.CurrentKey} {bucket}: {first} and {second}");
        _buckets.Remove(bucket);
    }

    private ref (long First, long Second) BucketOf(Reading value, KeyedProcessContext<int> context)
    {
        long bucket = value.Time / 40 * 40;
        context.Timers.RegisterEventTimeTimer(bucket + 39);
        return ref _buckets.GetOrAdd(bucket);
    }
}

/// <summary>Passes readings on; says with every broadcast rule what all rules so far are, in the subtask whose turn it is.</summary>
internal sealed class RulesSoFar : BroadcastProcessFunction<Reading, Reading, string>
{
    public static readonly MapStateDescriptor<long, int> Rules = new("rules");

    private RuntimeContext _context = null!;

    public override void Open(RuntimeContext context) => _context = context;

    public override void ProcessElement(Reading value, ReadOnlyBroadcastContext context, Collector<string> output) => output.Collect($"reading {value.Value}");

    public override void ProcessBroadcastElement(Reading value, BroadcastContext context, Collector<string> output)
    {
        var rules = context.GetBroadcastState(Rules);
        int number = rules.Count;
        rules.Put(number, value.Value);
        if (number % _context.Parallelism == _context.SubtaskIndex)
        {
            output.Collect($"rule {number}: {rules.Entries.Sum(rule => (rule.Key + 1) * rule.Value)}");
        }
    }
}

/// <summary>
/// Gives every key the weight of all rules: those that are there when the key comes from broadcast state, the others when they come. In the end it does not matter which came first.
/// </summary>
internal sealed class WeighedKeys : KeyedBroadcastProcessFunction<int, Reading, Reading, string>
{
    public static readonly MapStateDescriptor<long, int> Rules = new("rules");
    private static readonly ValueStateDescriptor<(long Weight, long Sum)> Weight = new("weight");

    private ValueState<(long Weight, long Sum)> _weight = null!;

    public override void Open(RuntimeContext context) => _weight = context.GetState(Weight);

    public override void ProcessElement(Reading value, KeyedReadOnlyBroadcastContext<int> context, Collector<string> output)
    {
        long weight = _weight.Exists ? _weight.Value.Weight : Total(context.GetBroadcastState(Rules));
        _weight.Value = (weight, _weight.Value.Sum + value.Value);
        context.Timers.RegisterEventTimeTimer(100_000);
    }

    public override void ProcessBroadcastElement(Reading value, KeyedBroadcastContext<int> context, Collector<string> output)
    {
        var rules = context.GetBroadcastState(Rules);
        long number = rules.Count;
        rules.Put(number, value.Value);
        context.ApplyToKeyedState(Weight, (_, weight) => weight.GetOrAdd().Weight += (number + 1) * value.Value);
    }

    public override void OnTimer(long timestamp, KeyedBroadcastTimerContext<int> context, Collector<string> output) =>
        output.Collect($"{context.CurrentKey} weighs {_weight.Value.Weight} of {Total(context.GetBroadcastState(Rules))}, sum {_weight.Value.Sum}");

    private static long Total(ReadOnlyBroadcastState<long, int> rules) => rules.Entries.Sum(rule => (rule.Key + 1) * rule.Value);
}
