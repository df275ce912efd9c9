// The page shows types as a reader would write them at the top of a file, where nothing need be said about their accessibility.
#pragma warning disable IDE0040
using Millrace.State;
using Millrace.Windowing;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/windows.md.</summary>
internal static class Windows
{
    internal static object[] LateData(DataStream<Trade> trades)
    {
        var late = new OutputTag<Trade>("late");
        var averages = trades
            .KeyBy(trade => trade.Symbol)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromMinutes(1)))
            .AllowedLateness(TimeSpan.FromSeconds(30))
            .SideOutputLateData(late)
            .Aggregate(() => new Average());

        var tooLate = averages.GetSideOutput(late);
        return [averages, tooLate];
    }

    internal static object[] Named(DataStream<Trade> trades)
    {
        var volumes = trades.KeyBy(trade => trade.Symbol).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMinutes(1))).Sum(trade => trade.Price);
        var dearest = trades.WindowAll(SlidingEventTimeWindows.Of(TimeSpan.FromHours(1), TimeSpan.FromMinutes(5))).MaxBy(trade => trade.Price);
        return [volumes, dearest];
    }

    internal static object[] Partitions(DataStream<Trade> trades)
    {
        var dearestFirst = trades
            .KeyBy(trade => trade.Symbol)
            .FullWindowPartition()
            .SortPartition(trade => trade.Price, descending: true);

        var counts = trades
            .FullWindowPartition()
            .MapPartition<int>((partition, output) => output.Collect(partition.Count));
        return [dearestFirst, counts];
    }

    internal static object[] Offsets()
    {
        var everyHour = SlidingEventTimeWindows.Of(size: TimeSpan.FromHours(24), slide: TimeSpan.FromHours(1));
        var chineseDays = TumblingEventTimeWindows.Of(TimeSpan.FromDays(1), offset: TimeSpan.FromHours(-8));
        return [everyHour, chineseDays];
    }

    internal static object Staggered()
    {
        var perMinute = TumblingProcessingTimeWindows.Of(TimeSpan.FromMinutes(1), stagger: WindowStagger.Random);
        return perMinute;
    }

    internal static object[] Sessions(DataStream<Click> clicks)
    {
        var visits = clicks
            .KeyBy(click => click.User)
            .Window(EventTimeSessionWindows.WithGap(TimeSpan.FromMinutes(30)))
            .Process(() => new Visit());

        var byRecord = clicks
            .KeyBy(click => click.User)
            .Window(EventTimeSessionWindows.WithDynamicGap<Click>(click => click.IsVideo ? TimeSpan.FromHours(2) : TimeSpan.FromMinutes(30)))
            .Process(() => new Visit());
        return [visits, byRecord];
    }

    internal static object[] Triggers(DataStream<Trade> trades)
    {
        var early = trades
            .KeyBy(trade => trade.Symbol)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromHours(1)))
            .Trigger(on => on.ContinuousEventTime(TimeSpan.FromMinutes(5)))
            .Aggregate(() => new Average());

        var chunks = trades
            .KeyBy(trade => trade.Symbol)
            .Window(GlobalWindows.Create())
            .Trigger(on => on.Count(100).Purging().WithProcessingTimeout(TimeSpan.FromSeconds(10)))
            .Process(() => new Write());
        return [early, chunks];
    }

    internal static object[] Evictors(DataStream<Trade> trades)
    {
        var lastTen = trades
            .KeyBy(trade => trade.Symbol)
            .Window(GlobalWindows.Create())
            .Trigger(on => on.Count(1))
            .Evictor(keep => keep.Last(10))
            .Aggregate(() => new Average());
        return [lastTen];
    }

    internal static object[] Joins(DataStream<Order> orders, DataStream<Payment> payments)
    {
        var paid = orders.Join(payments)
            .Where(order => order.Id)
            .EqualTo(payment => payment.OrderId)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromMinutes(10)))
            .Apply((order, payment) => $"{order.Id} paid by {payment.Card}");

        var unpaid = orders.CoGroup(payments)
            .Where(order => order.Id)
            .EqualTo(payment => payment.OrderId)
            .Window(EventTimeSessionWindows.WithGap(TimeSpan.FromMinutes(10)))
            .Apply<string>((ordered, paidFor, output) =>
            {
                if (paidFor.Count == 0)
                {
                    output.Collect($"{ordered[0].Id} not paid");
                }
            });
        return [paid, unpaid];
    }

    internal static void Merge(Kept target, Kept source)
    {
        target.Items = source.Items;            // both now change the same list
    }

    internal sealed record Trade(string Symbol, double Price, bool IsUrgent);

    internal sealed record Click(string User, bool IsVideo);

    internal sealed record Order(string Id);

    internal sealed record Payment(string OrderId, string Card);

    internal sealed class Kept
    {
        public List<Trade> Items { get; set; } = [];
    }

    struct Mean { public long Count; public double Sum; }

    sealed class Average : AggregateFunction<Trade, Mean, double>
    {
        public override Mean CreateAccumulator() => default;

        public override void Add(ref Mean mean, Trade trade) { mean.Count++; mean.Sum += trade.Price; }

        public override void Merge(ref Mean mean, in Mean other) { mean.Count += other.Count; mean.Sum += other.Sum; }

        public override double GetResult(in Mean mean) => mean.Sum / mean.Count;
    }

    sealed class OnUrgent : Trigger<Trade, TimeWindow>
    {
        private static readonly ValueStateDescriptor<int> Seen = new("urgent-seen");

        public override bool CanMerge => true;

        public override TriggerResult OnElement(Trade value, long timestamp, TimeWindow window, TriggerContext context)
        {
            context.RegisterEventTimeTimer(window.MaxTimestamp);
            return value.IsUrgent && ++context.GetState(Seen).GetOrAdd() <= 3 ? TriggerResult.Fire : TriggerResult.Continue;
        }

        public override TriggerResult OnEventTime(long time, TimeWindow window, TriggerContext context) =>
            time == window.MaxTimestamp ? TriggerResult.Fire : TriggerResult.Continue;

        public override void OnMerge(TimeWindow window, TriggerMergeContext context)
        {
            context.MergeState(Seen, (first, second) => first + second);
            context.RegisterEventTimeTimer(window.MaxTimestamp);
        }

        public override void Clear(TimeWindow window, TriggerContext context)
        {
            context.GetState(Seen).Clear();
            context.DeleteEventTimeTimer(window.MaxTimestamp);
        }
    }

    sealed class OnlyChanges : ProcessWindowFunction<double, string, string, TimeWindow>
    {
        private static readonly ValueStateDescriptor<double> Last = new("last");

        public override void Process(string key, WindowContext<TimeWindow> context, IReadOnlyList<double> elements, Collector<string> output)
        {
            var last = context.WindowState.GetState(Last);
            if (!last.TryGet(out double before) || before != elements[0])
            {
                last.Value = elements[0];
                output.Collect($"{key} {context.Window}: {elements[0]}");
            }
        }

        public override void Clear(string key, WindowContext<TimeWindow> context) => context.WindowState.GetState(Last).Clear();
    }

    private sealed class Visit : ProcessWindowFunction<Click, int, string, TimeWindow>
    {
        public override void Process(string key, WindowContext<TimeWindow> context, IReadOnlyList<Click> elements, Collector<int> output) => output.Collect(elements.Count);
    }

    private sealed class Write : ProcessWindowFunction<Trade, int, string, GlobalWindow>
    {
        public override void Process(string key, WindowContext<GlobalWindow> context, IReadOnlyList<Trade> elements, Collector<int> output) => output.Collect(elements.Count);
    }
}
