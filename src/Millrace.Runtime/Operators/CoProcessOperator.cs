using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>A function over two connected streams without keys.</summary>
/// <typeparam name="TFirst">The type of the first input.</typeparam>
/// <typeparam name="TSecond">The type of the second input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <param name="function">The function that is opened and closed; <see langword="null"/> where there are lambdas only.</param>
/// <param name="first">Processes a record of the first input.</param>
/// <param name="second">Processes a record of the second input.</param>
internal sealed class CoProcessOperator<TFirst, TSecond, TOut>(
    StreamFunction? function, Action<TFirst, ProcessContext, Collector<TOut>> first, Action<TSecond, ProcessContext, Collector<TOut>> second)
    : TwoInputOperator<TFirst, TSecond, TOut>(function)
{
    private ElementContext _context = null!;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _context = new ElementContext(this);
    }

    protected override void ProcessFirst(TFirst value) => first(value, _context, Collector);

    protected override void ProcessSecond(TSecond value) => second(value, _context, Collector);

    private sealed class ElementContext(CoProcessOperator<TFirst, TSecond, TOut> owner) : ProcessContext
    {
        public override long Timestamp => owner.Collector.Timestamp;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);
    }
}
