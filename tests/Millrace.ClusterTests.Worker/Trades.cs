using Millrace.Connectors;
using Millrace.State;
using Millrace.Tests.Shared;
using Millrace.Windowing;

namespace Millrace.ClusterTests;

/// <summary>An order.</summary>
/// <param name="Id">Its number, from 0.</param>
/// <param name="Key">Whose it is.</param>
/// <param name="Time">When, in milliseconds.</param>
/// <param name="Amount">How much.</param>
public sealed record Order(long Id, int Key, long Time, int Amount);

/// <summary>A payment of an order.</summary>
/// <param name="Order">The order.</param>
/// <param name="Key">Whose it is.</param>
/// <param name="Time">When, in milliseconds.</param>
public sealed record Payment(long Order, int Key, long Time);

/// <summary>What is written: for a window the key, its start and the sum; for a payment its key, order and amount; for a total of all balances 0, its timestamp and the total.</summary>
public sealed record Line(int Key, long At, long Sum);

/// <summary>A job with what makes jobs hard: two parallel sources out of order, keyed state that grows, windows, a join, and two sinks that write exactly once.</summary>
public static class Trades
{
    /// <summary>How many keys there are.</summary>
    public const int Keys = 53;

    private const int Disorder = 200;

    /// <summary>Declares the job.</summary>
    /// <param name="env">The environment.</param>
    /// <param name="folder">Where results go.</param>
    /// <param name="count">How many orders there are, and as many payments.</param>
    /// <param name="rate">How many of each in a second.</param>
    /// <param name="withTotals">Whether totals of all balances are written besides, with consistent output.</param>
    public static void Build(StreamExecutionEnvironment env, string folder, long count, double rate, bool withTotals = false)
    {
        ArgumentNullException.ThrowIfNull(env);
        var orders = env.FromGenerator(
            OrderAt, count, rate, WatermarkStrategy<Order>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(Disorder)).WithTimestampAssigner(order => order.Time)).Uid("orders");
        var payments = env.FromGenerator(
            PaymentAt, count, rate, WatermarkStrategy<Payment>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(Disorder)).WithTimestampAssigner(payment => payment.Time)).Uid("payments");
        orders.KeyBy(order => order.Key)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1)))
            .Aggregate(() => new Sum(), () => new WithWindow())
            .Uid("windows")
            .SinkTo(new FileSink<Line>(Path.Combine(folder, "windows"), JsonFormat.Lines<Line>())).Uid("windows-files");
        orders.KeyBy(order => order.Key)
            .Connect(payments.KeyBy(payment => payment.Key))
            .Process(() => new Pay())
            .Uid("paid")
            .SinkTo(new FileSink<Line>(Path.Combine(folder, "paid"), JsonFormat.Lines<Line>())).Uid("paid-files");
        if (withTotals)
        {
            // Each order is money that goes from one to another, so all of it together is always nothing.
            env.Options.ConsistentOutput = true;
            ConsistencyJob.Totals(orders.Map(order => new Transfer(order.Key, order.Key * 7 % Keys, order.Amount, order.Time)), out _)
                .Process(() => new WithTime())
                .SinkTo(new FileSink<Line>(Path.Combine(folder, "totals"), JsonFormat.Lines<Line>())).Uid("totals-files");
        }
    }

    /// <summary>What must be written, computed without the engine.</summary>
    /// <param name="count">How many orders there are.</param>
    /// <returns>Sums of windows, payments, and a total of nothing for each time, each in order.</returns>
    public static (IReadOnlyList<Line> Windows, IReadOnlyList<Line> Paid, IReadOnlyList<Line> Totals) Expect(long count)
    {
        List<Order> orders = [.. Enumerable.Range(0, (int)count).Select(id => OrderAt(id))];
        return (
            [.. orders.GroupBy(order => (order.Key, Start: order.Time / 1_000 * 1_000)).Select(window => new Line(window.Key.Key, window.Key.Start, window.Sum(order => (long)order.Amount))).Order(Comparer)],
            [.. orders.Select(order => new Line(order.Key, order.Id, order.Amount)).Order(Comparer)],
            [.. orders.Select(order => order.Time).Distinct().Select(time => new Line(0, time, 0)).Order(Comparer)]);
    }

    /// <summary>By key, then by time or number.</summary>
    public static Comparer<Line> Comparer { get; } = Comparer<Line>.Create(static (left, right) => (left.Key, left.At, left.Sum).CompareTo((right.Key, right.At, right.Sum)));

    private static ulong Mix(long id)
    {
        ulong mixed = ((ulong)id + 1) * 0x9E3779B97F4A7C15UL;
        return mixed ^ (mixed >> 29);
    }

    private static Order OrderAt(long id) => new(id, (int)(Mix(id) % Keys), (id / 4) + (long)(Mix(id) / Keys % Disorder), (int)(Mix(id) >> 40 & 0xFFFF));

    // Each order is paid once; the two streams are as far apart as it happens.
    private static Payment PaymentAt(long position)
    {
        var order = OrderAt(position);
        return new Payment(order.Id, order.Key, (position / 4) + (long)(Mix(position + 7) % Disorder));
    }

    private sealed class Sum : AggregateFunction<Order, long, long>
    {
        public override long CreateAccumulator() => 0;

        public override void Add(ref long accumulator, Order value) => accumulator += value.Amount;

        public override void Merge(ref long target, in long source) => target += source;

        public override long GetResult(in long accumulator) => accumulator;
    }

    private sealed class WithWindow : ProcessWindowFunction<long, Line, int, TimeWindow>
    {
        public override void Process(int key, WindowContext<TimeWindow> context, IReadOnlyList<long> elements, Collector<Line> output) =>
            output.Collect(new Line(key, context.Window.Start, elements[0]));
    }

    private sealed class WithTime : ProcessFunction<long, Line>
    {
        public override void ProcessElement(long value, ProcessContext context, Collector<Line> output) => output.Collect(new Line(0, context.Timestamp, value));
    }

    /// <summary>Keeps orders that wait for their payment, and payments that wait for their order.</summary>
    private sealed class Pay : KeyedCoProcessFunction<int, Order, Payment, Line>
    {
        private MapState<long, int> _orders = null!;
        private MapState<long, bool> _payments = null!;

        public override void Open(RuntimeContext context)
        {
            _orders = context.GetMapState(new MapStateDescriptor<long, int>("orders"));
            _payments = context.GetMapState(new MapStateDescriptor<long, bool>("payments"));
        }

        public override void ProcessElement1(Order value, KeyedProcessContext<int> context, Collector<Line> output)
        {
            if (_payments.Remove(value.Id))
            {
                output.Collect(new Line(value.Key, value.Id, value.Amount));
            }
            else
            {
                _orders[value.Id] = value.Amount;
            }
        }

        public override void ProcessElement2(Payment value, KeyedProcessContext<int> context, Collector<Line> output)
        {
            if (_orders.TryGet(value.Order, out int amount))
            {
                _orders.Remove(value.Order);
                output.Collect(new Line(value.Key, value.Order, amount));
            }
            else
            {
                _payments[value.Order] = true;
            }
        }
    }
}
