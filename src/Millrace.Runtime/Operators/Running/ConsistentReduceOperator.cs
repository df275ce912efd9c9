using System.Runtime.CompilerServices;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators.Running;

/// <summary>
/// A rolling reduction with consistent output: every closed timestamp gives the new value of the keys that it changed. The records themselves are kept until then, because a reduction need not be
/// associative; those of one timestamp are combined in the order of their arrival.
/// </summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ConsistentReduceOperator<TKey, T>(Func<T, TKey> selectKey, Func<T, T, T> reduce, ReduceFunction<T>? function)
    : ClosedTimestampOperator<TKey, T, T>(selectKey, function)
    where TKey : notnull
{
    private KeyedStateTable<TKey, VoidNamespace, T> _values = null!;
    private KeyedStateTable<TKey, long, StateList<T>> _open = null!;

    public override void Open()
    {
        // The name that the values have where output is not consistent: what was aggregated so far stays when the option is changed.
        _values = State.Table<VoidNamespace, T>("reduce");
        _open = State.ListTable<long, T>("open timestamps");
        base.Open();
    }

    protected override void Add(T value, long timestamp)
    {
        _open.GetOrAdd(in State.CurrentKey, State.CurrentHash, timestamp, out bool existed).Add(value);
        if (!existed)
        {
            Timers.RegisterEventTimeTimer(timestamp);
        }
    }

    protected override void OnTimer(long timestamp)
    {
        ref readonly var open = ref _open.Peek(in State.CurrentKey, State.CurrentHash, timestamp);
        if (Unsafe.IsNullRef(in open))
        {
            return;
        }

        // The list owns its memory, which nobody changes any more.
        var records = open;
        _open.Remove(in State.CurrentKey, State.CurrentHash, timestamp);
        ref var place = ref _values.GetOrAdd(in State.CurrentKey, State.CurrentHash, default, out bool existed);
        bool changed = false;
        foreach (var record in records.AsSpan())
        {
            try
            {
                place = existed ? reduce(place, record) : record;
                existed = true;
                changed = true;
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, record, timestamp, State.CurrentKey);
            }
        }

        if (changed)
        {
            Collector.Collect(place);
        }
    }
}
