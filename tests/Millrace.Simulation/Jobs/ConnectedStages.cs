using Millrace.Simulation.External;
using Millrace.State;

namespace Millrace.Simulation.Jobs;

/// <summary>Two streams of one key: what each has of a key and moment, a while later. State and timers that both share.</summary>
internal sealed record MatchStage(int Index, int First, int Second, int Delay) : Stage(Index, First, Second)
{
    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job) =>
        Tune(job, job[First].KeyBy(item => item.Key).Connect(job[Second].KeyBy(item => item.Key)).Process(() => new Match(Delay)));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].Select(item => (item.Key, item.Time, item.Value)).Concat(inputs[1].Select(item => (item.Key, item.Time, Value: Other(item.Value))))
            .GroupBy(record => (record.Key, record.Time)).Select(group => new Item(group.Key.Key, group.Sum(record => record.Value), group.Key.Time + Delay, group.Count()));

    private static long Other(long value) => 1 - (3 * value);

    /// <summary>What is known of a moment.</summary>
    public record struct Moment(long Value, long Count);

    private sealed class Match(int delay) : KeyedCoProcessFunction<int, Item, Item, Item>
    {
        private MapState<long, Moment> _moments = null!;

        public override void Open(RuntimeContext context) => _moments = context.GetMapState(new MapStateDescriptor<long, Moment>("moments"));

        public override void ProcessElement1(Item value, KeyedProcessContext<int> context, Collector<Item> output) => Add(value.Time, value.Value, context);

        public override void ProcessElement2(Item value, KeyedProcessContext<int> context, Collector<Item> output) => Add(value.Time, Other(value.Value), context);

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<Item> output)
        {
            var moment = _moments[timestamp - delay];
            _moments.Remove(timestamp - delay);
            output.Collect(new Item(context.CurrentKey, moment.Value, timestamp, moment.Count));
        }

        private void Add(long time, long value, KeyedProcessContext<int> context)
        {
            ref var moment = ref _moments.GetOrAdd(time);
            moment = new Moment(moment.Value + value, moment.Count + 1);
            context.Timers.RegisterEventTimeTimer(time + delay);
        }
    }
}

/// <summary>The second stream goes to all, as rules; a record of the first is weighed a while later by the rules that hold then. Broadcast state, keyed state and timers.</summary>
internal sealed record RuleStage(int Index, int First, int Second, int Delay) : Stage(Index, First, Second)
{
    public override bool BearsDuplicates => false;

    private static readonly MapStateDescriptor<long, long> Rules = new("rules");

    public override DataStream<Item> Build(JobBuild job) =>
        Tune(job, job[First].KeyBy(item => item.Key).Connect(job[Second].Broadcast(Rules)).Process(() => new Weigh(Delay)));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].GroupBy(item => (item.Key, Due: item.Time + Delay)).Select(group => new Item(
            group.Key.Key, group.Sum(item => item.Value) + (7 * inputs[1].Where(rule => rule.Time <= group.Key.Due).Sum(rule => rule.Value)), group.Key.Due, 0));

    private sealed class Weigh(int delay) : KeyedBroadcastProcessFunction<int, Item, Item, Item>
    {
        private MapState<long, long> _sums = null!;

        public override void Open(RuntimeContext context) => _sums = context.GetMapState(new MapStateDescriptor<long, long>("sums"));

        public override void ProcessElement(Item value, KeyedReadOnlyBroadcastContext<int> context, Collector<Item> output)
        {
            _sums.GetOrAdd(value.Time) += value.Value;
            context.Timers.RegisterEventTimeTimer(value.Time + delay);
        }

        public override void ProcessBroadcastElement(Item value, KeyedBroadcastContext<int> context, Collector<Item> output)
        {
            var rules = context.GetBroadcastState(Rules);
            rules.Put(value.Time, (rules.TryGet(value.Time, out long sum) ? sum : 0) + value.Value);
        }

        public override void OnTimer(long timestamp, KeyedBroadcastTimerContext<int> context, Collector<Item> output)
        {
            long sum = _sums[timestamp - delay];
            _sums.Remove(timestamp - delay);

            // Those that came earlier than they had to do not hold yet.
            long rules = context.GetBroadcastState(Rules).Entries.Where(rule => rule.Key <= timestamp).Sum(rule => rule.Value);
            output.Collect(new Item(context.CurrentKey, sum + (7 * rules), timestamp, 0));
        }
    }
}
