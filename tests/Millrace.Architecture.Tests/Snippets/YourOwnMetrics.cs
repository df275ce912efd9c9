using System.Collections.Concurrent;
using Millrace.Metrics;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/your-own-metrics.md.</summary>
internal static class YourOwnMetrics
{
    public sealed class Validate : FlatMapFunction<Order, Order>
    {
        private readonly ConcurrentDictionary<string, decimal> _limits = new();
        private Counter _rejected = null!;
        private Histogram _amounts = null!;

        public override void Open(RuntimeContext context)
        {
            var orders = context.Metrics.Group("orders");
            _rejected = orders.Counter("rejected");
            _amounts = orders.Histogram("amount");
            orders.Gauge("limits", () => _limits.Count);
        }

        public override void FlatMap(Order value, Collector<Order> output)
        {
            _amounts.Record((double)value.Amount);
            if (value.Amount > _limits.GetOrAdd(value.Country, 1_000))
            {
                _rejected.Increment();
                return;
            }

            output.Collect(value);
        }
    }

    public sealed class Trades : MapFunction<Order, Order>
    {
        private Meter _trades = null!;

        public override void Open(RuntimeContext context)
        {
            _trades = context.Metrics.Group("exchange", "XETRA").Meter("trades"); // millrace.user.exchange.trades, exchange="XETRA"
        }

        public override Order Map(Order value)
        {
            _trades.Mark();
            return value;
        }
    }

    internal static double RejectedIn(JobResult result)
    {
        double rejected = result.Metrics["validate"].UserMetrics.Single(metric => metric.Name == "orders.rejected").Sum;
        return rejected;
    }

    public sealed record Order(string Country, decimal Amount);
}
