using Millrace.State;

namespace Millrace.Tests.Checkpointing;

/// <summary>Counts records by key, and fails when it is told to.</summary>
internal sealed class Counter(Func<bool> fails) : KeyedProcessFunction<long, long, long>
{
    private ValueState<long> _count = null!;

    public override void Open(RuntimeContext context) => _count = context.GetState(new ValueStateDescriptor<long>("count"));

    public override void ProcessElement(long value, KeyedProcessContext<long> context, Collector<long> output)
    {
        if (fails())
        {
            throw new InvalidOperationException("told to fail");
        }

        output.Collect(++_count.GetOrAdd());
    }
}
