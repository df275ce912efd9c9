// The page shows types as a reader would write them at the top of a file, where nothing need be said about their accessibility.
#pragma warning disable IDE0040
using Millrace.Connectors;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/streams-and-batches.md, the wrong examples too: the compiler takes them.</summary>
internal static class StreamsAndBatches
{
    static readonly OutputTag<Order> Broken = new("broken");

    internal static async Task Job(StreamExecutionEnvironment env, FileSource<Order> source, Sink<Line> sink)
    {
        DataStream<Order> orders = env.FromSource(source, WatermarkStrategy<Order>.ForMonotonousTimestamps(), "orders");

        orders
            .Filter(order => order.Amount > 0)
            .Map(order => new Line(order.Item, order.Amount))
            .KeyBy(line => line.Item)
            .Reduce((sum, next) => sum with { Amount = sum.Amount + next.Amount })
            .SinkTo(sink);

        await env.ExecuteAsync("revenue");
    }

    internal static void Functions(DataStream<Order> orders)
    {
        orders.Map(() => new Enrich());
        var enrich = new Enrich();
        orders.Map(() => enrich);
        int count = 0;
        orders.Map(order => { count++; return order; });
    }

    internal static void Large(DataStream<Reading> readings)
    {
        readings
            .Filter((in reading) => reading.IsValid)
            .Map((in reading) => reading.Temperature);
    }

    internal static object[] SideOutputs(DataStream<Order> orders)
    {
        var valid = orders.Process(() => new Validate());   // calls context.Output(Broken, order)
        var broken = valid.GetSideOutput(Broken);
        return [valid, broken];
    }

    internal static object Query(DataStream<Flight> flights)
    {
        var late = from flight in flights
                   where flight.Delay > 15
                   select new Late(flight.Carrier, flight.Delay);
        return late;
    }

    internal static void Rolling(DataStream<Sale> sales)
    {
        sales.KeyBy(sale => sale.Shop).Sum(sale => sale.Amount, (sale, sum) => sale with { Amount = sum });
    }

    internal static void Changing(Collector<Order> output, Order order)
    {
        output.Collect(order);
        order.Amount = 0;
    }

    sealed class Enrich : MapFunction<Order, PricedOrder>
    {
        private Dictionary<string, decimal> _prices = [];

        public override void Open(RuntimeContext context) => _prices = Prices.Load();

        public override PricedOrder Map(Order order) => new(order, _prices[order.Item]);
    }

    internal sealed record Order(string Item)
    {
        public decimal Amount { get; set; }
    }

    internal readonly record struct Reading(bool IsValid, double Temperature);

    internal sealed record Line(string Item, decimal Amount);

    internal sealed record PricedOrder(Order Order, decimal Price);

    internal sealed record Flight(string Carrier, int Delay);

    internal sealed record Late(string Carrier, int Delay);

    internal sealed record Sale(string Shop, decimal Amount);

    private static class Prices
    {
        public static Dictionary<string, decimal> Load() => [];
    }

    private sealed class Validate : ProcessFunction<Order, Order>
    {
        public override void ProcessElement(Order value, ProcessContext context, Collector<Order> output) => context.Output(Broken, value);
    }
}
