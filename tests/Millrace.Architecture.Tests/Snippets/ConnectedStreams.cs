using Millrace.State;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/connected-streams.md.</summary>
internal static class ConnectedStreams
{
    public sealed record Order(long Id, string Item);

    public sealed record Payment(long OrderId, decimal Amount);

    public sealed class MatchPayment : KeyedCoProcessFunction<long, Order, Payment, string>
    {
        private ValueState<Order> _order = null!;
        private ValueState<Payment> _payment = null!;

        public override void Open(RuntimeContext context)
        {
            _order = context.GetState(new ValueStateDescriptor<Order>("order"));
            _payment = context.GetState(new ValueStateDescriptor<Payment>("payment"));
        }

        public override void ProcessElement1(Order order, KeyedProcessContext<long> context, Collector<string> output)
        {
            if (_payment.TryGet(out var payment))
            {
                _payment.Clear();
                output.Collect($"{order.Item}: paid {payment.Amount}");
                return;
            }

            _order.Value = order;
            context.Timers.RegisterEventTimeTimer(context.Timestamp + 3_600_000);
        }

        public override void ProcessElement2(Payment payment, KeyedProcessContext<long> context, Collector<string> output)
        {
            if (_order.TryGet(out var order))
            {
                _order.Clear();
                output.Collect($"{order.Item}: paid {payment.Amount}");
                return;
            }

            _payment.Value = payment;
            context.Timers.RegisterEventTimeTimer(context.Timestamp + 3_600_000);
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<long> context, Collector<string> output)
        {
            if (_order.TryGet(out var order))
            {
                output.Collect($"{order.Item}: not paid within an hour");
            }

            _order.Clear();
            _payment.Clear();
        }
    }

    internal static void InAJob(DataStream<Order> orders, DataStream<Payment> payments)
    {
        orders.KeyBy(order => order.Id)
            .Connect(payments.KeyBy(payment => payment.OrderId))
            .Process(() => new MatchPayment())
            .Uid("match-payments");
    }
}
