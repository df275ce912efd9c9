using Millrace.Connectors;
using Millrace.State;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/evolving-state.md.</summary>
internal static class EvolvingState
{
    internal static void Uids(StreamExecutionEnvironment env, FileSource<Order> source, FileSink<decimal> sink)
    {
        env.FromSource(source).Uid("orders")
           .KeyBy(order => order.Customer)
           .Process(() => new Total()).Name("total per customer").Uid("totals")
           .SinkTo(sink).Uid("out");
    }

    internal static async Task<string> TryItAsync(JobClient client)
    {
        string path = await client.TriggerSavepointAsync("savepoints/trial");
        return path;
    }

    public sealed record Order(string Customer, decimal Amount);

    public sealed class Total : KeyedProcessFunction<string, Order, decimal>
    {
        private ValueState<decimal> _total = null!;

        public override void Open(RuntimeContext context) => _total = context.GetState(new ValueStateDescriptor<decimal>("total"));

        public override void ProcessElement(Order value, KeyedProcessContext<string> context, Collector<decimal> output) => output.Collect(_total.GetOrAdd() += value.Amount);
    }

    public sealed record Account(decimal Amount, decimal? Balance = null)
    {
        // The member was called Amount until version 3.
        public decimal Current => Balance ?? Amount;
    }

    public sealed class Visits : KeyedProcessFunction<string, string, long>
    {
        private ValueState<int> _old = null!;
        private ValueState<Guid> _session = null!;

        public override void Open(RuntimeContext context)
        {
            _old = context.GetState(new ValueStateDescriptor<int>("session"));
            _session = context.GetState(new ValueStateDescriptor<Guid>("session-id"));
        }

        public override void ProcessElement(string value, KeyedProcessContext<string> context, Collector<long> output)
        {
            if (_old.TryGet(out int number))
            {
                _session.Value = new Guid(number, 0, 0, new byte[8]);
                _old.Clear();
            }

            output.Collect(_session.Value.GetHashCode());
        }
    }
}
