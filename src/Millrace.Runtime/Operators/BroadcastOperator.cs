using Millrace.Runtime.Tasks;
using Millrace.State;

namespace Millrace.Runtime.Operators;

/// <summary>A <see cref="BroadcastProcessFunction{TIn, TBroadcast, TOut}"/>.</summary>
/// <typeparam name="TIn">The type of the stream.</typeparam>
/// <typeparam name="TBroadcast">The type of the broadcast stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <param name="declarations">The broadcast states.</param>
/// <param name="function">The function.</param>
internal sealed class BroadcastOperator<TIn, TBroadcast, TOut>(
    IReadOnlyList<BroadcastStateDeclaration> declarations, BroadcastProcessFunction<TIn, TBroadcast, TOut> function)
    : TwoInputOperator<TIn, TBroadcast, TOut>(function)
{
    private readonly BroadcastStates _states = new(declarations);
    private ReadingContext _reading = null!;
    private WritingContext _writing = null!;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _reading = new ReadingContext(this);
        _writing = new WritingContext(this);
    }

    public override void Open()
    {
        _states.Open(Context);
        base.Open();
    }

    protected override void ProcessFirst(TIn value) => function.ProcessElement(value, _reading, Collector);

    protected override void ProcessSecond(TBroadcast value) => function.ProcessBroadcastElement(value, _writing, Collector);

    private sealed class ReadingContext(BroadcastOperator<TIn, TBroadcast, TOut> owner) : ReadOnlyBroadcastContext
    {
        public override long Timestamp => owner.Collector.Timestamp;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);

        public override ReadOnlyBroadcastState<TMapKey, TValue> GetBroadcastState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor) => owner._states.Get(descriptor).ReadOnly;
    }

    private sealed class WritingContext(BroadcastOperator<TIn, TBroadcast, TOut> owner) : BroadcastContext
    {
        public override long Timestamp => owner.Collector.Timestamp;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);

        public override BroadcastState<TMapKey, TValue> GetBroadcastState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor) => owner._states.Get(descriptor);
    }
}
