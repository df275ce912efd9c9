using Millrace.Simulation.External;
using Millrace.State;

namespace Millrace.Simulation.Jobs;

/// <summary>How many there have been of each key, with every record. Which record makes the count depends on the schedule, so event time ends here.</summary>
internal sealed record CountStage(int Index, int Input) : Stage(Index, Input)
{
    public override bool KeepsEventTime => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(
        job,
        job[Input].Map(item => new Item(item.Key, 1, 0, 0)).Uid($"stage-{Index}-ones").Parallelism(job.ParallelismOf(Index)).KeyBy(item => $"key {item.Key}").Reduce((a, b) => a with { Value = a.Value + b.Value }));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].GroupBy(item => item.Key).SelectMany(group => Enumerable.Range(1, group.Count()).Select(count => new Item(group.Key, count, 0, 0)));
}

/// <summary>
/// Directly behind a source: sees that the records of each split come in order and each once, by its own state. One that does not comes out marked, which the oracle knows
/// nothing of.
/// </summary>
internal sealed record SequenceStage(int Index, int Input) : Stage(Index, Input)
{
    public override DataStream<Item> Build(JobBuild job)
    {
        bool lenient = job.OrderMayBreak;
        return Tune(job, job[Input].KeyBy(item => ReplayPlan.SplitOf(item.Id)).Process(() => new Sequence(lenient)));
    }

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) => inputs[0];

    private sealed class Sequence(bool lenient) : KeyedProcessFunction<int, Item, Item>
    {
        private ValueState<long> _next = null!;

        public override void Open(RuntimeContext context) => _next = context.GetState(new ValueStateDescriptor<long>("next"));

        public override void ProcessElement(Item value, KeyedProcessContext<int> context, Collector<Item> output)
        {
            ref long next = ref _next.GetOrAdd();
            long place = ReplayPlan.PlaceOf(value.Id);
            bool inOrder = place == next;
            next = place + 1;
            output.Collect(inOrder || lenient ? value : value with { Id = -value.Id - 1 });
        }
    }
}

/// <summary>A while after each record: how many there were of its key up to then. List state and timers.</summary>
internal sealed record DelayedStage(int Index, int Input, int Delay) : Stage(Index, Input)
{
    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].KeyBy(item => item.Key).Process(() => new Delayed(Delay)));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].GroupBy(item => item.Key).SelectMany(group => group.Select(item => item.Time + Delay).Distinct()
            .Select(due => new Item(group.Key, group.Count(item => item.Time <= due), due, 0)));

    private sealed class Delayed(int delay) : KeyedProcessFunction<int, Item, Item>
    {
        private ListState<long> _times = null!;

        public override void Open(RuntimeContext context) => _times = context.GetListState(new ListStateDescriptor<long>("times"));

        public override void ProcessElement(Item value, KeyedProcessContext<int> context, Collector<Item> output)
        {
            _times.Add(value.Time);
            context.Timers.RegisterEventTimeTimer(value.Time + delay);
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<Item> output)
        {
            int count = 0;
            foreach (long time in _times.AsSpan())
            {
                count += time <= timestamp ? 1 : 0;
            }

            output.Collect(new Item(context.CurrentKey, count, timestamp, 0));
        }
    }
}

/// <summary>The sum of each key and moment, a while later. Map state, perhaps with a time to live that is longer than any world, and timers; state goes when it is not needed any more.</summary>
internal sealed record MomentStage(int Index, int Input, int Delay, bool Expires = false) : Stage(Index, Input)
{
    public override bool BearsDuplicates => false;

    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].KeyBy(item => item.Key).Process(() => new Moments(Delay, Expires)));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].GroupBy(item => (item.Key, item.Time)).Select(group => new Item(group.Key.Key, group.Sum(item => item.Value), group.Key.Time + Delay, 0));

    private sealed class Moments(int delay, bool expires) : KeyedProcessFunction<int, Item, Item>
    {
        private MapState<long, long> _sums = null!;

        public override void Open(RuntimeContext context) => _sums = context.GetMapState(new MapStateDescriptor<long, long>("sums") { Ttl = expires ? new StateTtl(TimeSpan.FromDays(10_000)) : null });

        public override void ProcessElement(Item value, KeyedProcessContext<int> context, Collector<Item> output)
        {
            _sums.GetOrAdd(value.Time) += value.Value;
            context.Timers.RegisterEventTimeTimer(value.Time + delay);
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<Item> output)
        {
            long sum = _sums[timestamp - delay];
            _sums.Remove(timestamp - delay);
            output.Collect(new Item(context.CurrentKey, sum, timestamp, 0));
        }
    }
}

/// <summary>The sum of each key at the end of the input. Value state, and a timer for every key that waits all the time.</summary>
internal sealed record FinalStage(int Index, int Input) : Stage(Index, Input)
{
    public override bool BearsDuplicates => false;

    // Later than any record, and early enough for those that add to it.
    private const long End = 1L << 50;

    public override DataStream<Item> Build(JobBuild job) => Tune(job, job[Input].KeyBy(item => item.Key).Process(() => new Sums()));

    public override IEnumerable<Item> Compute(IReadOnlyList<IReadOnlyList<Item>> inputs) =>
        inputs[0].GroupBy(item => item.Key).Select(group => new Item(group.Key, group.Sum(item => item.Value), DueAfter(group.Max(item => item.Time)), group.Count()));

    // Another of this kind may stand before it.
    private static long DueAfter(long time) => Math.Max(End, time) + 1_000;

    /// <summary>What is known of a key.</summary>
    public readonly record struct Sum(long Count, long Value, long LastTime);

    private sealed class Sums : KeyedProcessFunction<int, Item, Item>
    {
        private ValueState<Sum> _sum = null!;

        public override void Open(RuntimeContext context) => _sum = context.GetState(new ValueStateDescriptor<Sum>("sum"));

        public override void ProcessElement(Item value, KeyedProcessContext<int> context, Collector<Item> output)
        {
            ref var sum = ref _sum.GetOrAdd();
            long before = sum.Count == 0 ? EventTime.None : DueAfter(sum.LastTime);
            sum = new Sum(sum.Count + 1, sum.Value + value.Value, sum.Count == 0 ? value.Time : Math.Max(sum.LastTime, value.Time));
            long due = DueAfter(sum.LastTime);
            if (due != before)
            {
                if (before != EventTime.None)
                {
                    context.Timers.DeleteEventTimeTimer(before);
                }

                context.Timers.RegisterEventTimeTimer(due);
            }
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<Item> output)
        {
            var sum = _sum.Value;
            _sum.Clear();
            output.Collect(new Item(context.CurrentKey, sum.Value, timestamp, sum.Count));
        }
    }
}
