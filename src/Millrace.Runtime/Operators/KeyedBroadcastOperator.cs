using Millrace.Runtime.Tasks;
using Millrace.State;

namespace Millrace.Runtime.Operators;

/// <summary>A <see cref="KeyedBroadcastProcessFunction{TKey, TIn, TBroadcast, TOut}"/>.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the keyed stream.</typeparam>
/// <typeparam name="TBroadcast">The type of the broadcast stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <param name="selectKey">Gives the key of a record of the keyed stream.</param>
/// <param name="declarations">The broadcast states.</param>
/// <param name="function">The function.</param>
internal sealed class KeyedBroadcastOperator<TKey, TIn, TBroadcast, TOut>(
    Func<TIn, TKey> selectKey, IReadOnlyList<BroadcastStateDeclaration> declarations, KeyedBroadcastProcessFunction<TKey, TIn, TBroadcast, TOut> function)
    : KeyedTwoInputOperator<TKey, TIn, TBroadcast, TOut>(selectKey, null, function)
    where TKey : notnull
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

    protected override void OnTimer(long timestamp) => function.OnTimer(timestamp, _reading, Collector);

    /// <summary>Makes every key of a state the current one, one after the other.</summary>
    private void ForEachKey(StateDescriptor descriptor, Action<TKey> apply)
    {
        var keys = State.KeysOf(descriptor);
        try
        {
            foreach (var key in keys)
            {
                State.SetCurrentKey(in key);
                apply(key);
            }
        }
        finally
        {
            State.ClearCurrentKey();
        }
    }

    private sealed class ReadingContext(KeyedBroadcastOperator<TKey, TIn, TBroadcast, TOut> owner) : KeyedBroadcastTimerContext<TKey>
    {
        public override TimeDomain TimeDomain => owner.Domain;

        public override TKey CurrentKey => owner.State.CurrentKey;

        public override ITimerService Timers => owner.Timers;

        public override long Timestamp => owner.Collector.Timestamp;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);

        public override ReadOnlyBroadcastState<TMapKey, TValue> GetBroadcastState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor) => owner._states.Get(descriptor).ReadOnly;
    }

    private sealed class WritingContext(KeyedBroadcastOperator<TKey, TIn, TBroadcast, TOut> owner) : KeyedBroadcastContext<TKey>
    {
        public override long Timestamp => owner.Collector.Timestamp;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);

        public override BroadcastState<TMapKey, TValue> GetBroadcastState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor) => owner._states.Get(descriptor);

        public override void ApplyToKeyedState<T>(ValueStateDescriptor<T> descriptor, Action<TKey, ValueState<T>> apply)
        {
            ArgumentNullException.ThrowIfNull(descriptor);
            ArgumentNullException.ThrowIfNull(apply);
            var state = owner.State.GetState(descriptor);
            owner.ForEachKey(descriptor, key => apply(key, state));
        }

        public override void ApplyToKeyedState<T>(ListStateDescriptor<T> descriptor, Action<TKey, ListState<T>> apply)
        {
            ArgumentNullException.ThrowIfNull(descriptor);
            ArgumentNullException.ThrowIfNull(apply);
            var state = owner.State.GetListState(descriptor);
            owner.ForEachKey(descriptor, key => apply(key, state));
        }

        public override void ApplyToKeyedState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor, Action<TKey, MapState<TMapKey, TValue>> apply)
        {
            ArgumentNullException.ThrowIfNull(descriptor);
            ArgumentNullException.ThrowIfNull(apply);
            var state = owner.State.GetMapState(descriptor);
            owner.ForEachKey(descriptor, key => apply(key, state));
        }
    }
}
