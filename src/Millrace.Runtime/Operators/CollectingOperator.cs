using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>An operator whose function emits through a collector.</summary>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class CollectingOperator<TOut>(StreamFunction? function) : FunctionOperator<TOut>(function)
{
    protected BatchCollector<TOut> Collector { get; private set; } = null!;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        Collector = new BatchCollector<TOut>(Output, context.Options.BatchSize);
    }

    public override void Flush()
    {
        Collector.Flush();
        base.Flush();
    }
}

/// <summary>An operator with one input whose function emits through a collector.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class CollectingOperator<TIn, TOut>(StreamFunction? function) : CollectingOperator<TOut>(function), IReceiver<TIn>
{
    public abstract void Receive(RecordBatch<TIn> batch);
}
