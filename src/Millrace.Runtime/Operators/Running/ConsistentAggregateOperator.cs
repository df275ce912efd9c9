using System.Runtime.CompilerServices;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators.Running;

/// <summary>A running aggregate with consistent output: every closed timestamp gives the new result of the keys that it changed. An accumulator is kept for each key and open timestamp.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the records.</typeparam>
/// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
/// <typeparam name="TResult">The type of the function's result.</typeparam>
/// <typeparam name="TOut">The type of what is emitted.</typeparam>
internal sealed class ConsistentAggregateOperator<TKey, TIn, TAccumulator, TResult, TOut>(
    Func<TIn, TKey> selectKey, AggregateFunction<TIn, TAccumulator, TResult> function, Func<TKey, TResult, TOut> select)
    : ClosedTimestampOperator<TKey, TIn, TOut>(selectKey, function)
    where TKey : notnull
{
    private KeyedStateTable<TKey, VoidNamespace, TAccumulator> _accumulators = null!;
    private KeyedStateTable<TKey, long, TAccumulator> _open = null!;

    public override void Open()
    {
        // The name that accumulators have where output is not consistent: what was aggregated so far stays when the option is changed.
        _accumulators = State.Table<VoidNamespace, TAccumulator>(AggregateOperator.StateName);
        _open = State.Table<long, TAccumulator>("open timestamps");
        base.Open();
    }

    protected override void Add(TIn value, long timestamp)
    {
        ref var open = ref _open.Find(in State.CurrentKey, State.CurrentHash, timestamp);
        if (!Unsafe.IsNullRef(ref open))
        {
            function.Add(ref open, value);
            return;
        }

        // Complete before it is kept: of a record that the function throws on nothing is to be left.
        var accumulator = function.CreateAccumulator();
        function.Add(ref accumulator, value);
        _open.GetOrAdd(in State.CurrentKey, State.CurrentHash, timestamp, out _) = accumulator;
        Timers.RegisterEventTimeTimer(timestamp);
    }

    protected override void OnTimer(long timestamp)
    {
        // For writing, although it is only read: the accumulator may become that of the key, and then belong to no snapshot.
        ref var open = ref _open.Find(in State.CurrentKey, State.CurrentHash, timestamp);
        if (Unsafe.IsNullRef(ref open))
        {
            return;
        }

        var added = open;
        _open.Remove(in State.CurrentKey, State.CurrentHash, timestamp);
        ref var accumulator = ref _accumulators.GetOrAdd(in State.CurrentKey, State.CurrentHash, default, out bool existed);
        if (existed)
        {
            function.Merge(ref accumulator, in added);
        }
        else
        {
            accumulator = added;
        }

        Collector.Collect(select(State.CurrentKey, function.GetResult(in accumulator)));
    }
}
