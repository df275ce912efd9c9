using Millrace.Checkpointing;
using Millrace.State;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/concepts/delivery-guarantees.md.</summary>
internal static class DeliveryGuarantees
{
    internal static StreamExecutionEnvironment UseIt()
    {
        var env = new StreamExecutionEnvironment();
        env.Options.Checkpoints.Storage = new DirectoryCheckpointStorage("/var/lib/orders");
        env.Options.Checkpoints.Interval = TimeSpan.FromSeconds(10);
        return env;
    }

    internal static class Wrong
    {
        public sealed class Numbering : KeyedProcessFunction<string, string, string>
        {
            private long _next;

            public override void ProcessElement(string value, KeyedProcessContext<string> context, Collector<string> output) => output.Collect($"{_next++}: {value}");
        }
    }

    internal static class Right
    {
        public sealed class Numbering : KeyedProcessFunction<string, string, string>
        {
            private ValueState<long> _next = null!;

            public override void Open(RuntimeContext context) => _next = context.GetState(new ValueStateDescriptor<long>("next"));

            public override void ProcessElement(string value, KeyedProcessContext<string> context, Collector<string> output) => output.Collect($"{_next.GetOrAdd()++}: {value}");
        }
    }
}
