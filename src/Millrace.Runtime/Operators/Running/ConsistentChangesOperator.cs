using System.Runtime.CompilerServices;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators.Running;

/// <summary>
/// Changes with consistent output: every closed timestamp gives one for each key that had records of it. Records of a key may come from several subtasks, and then in no order: which is the latest is
/// decided by their timestamps, and of one timestamp the last to arrive counts.
/// </summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ConsistentChangesOperator<TKey, T>(Func<T, TKey> selectKey) : ClosedTimestampOperator<TKey, T, Change<T>>(selectKey, null)
    where TKey : notnull
{
    private KeyedStateTable<TKey, VoidNamespace, T> _latest = null!;
    private KeyedStateTable<TKey, long, T> _open = null!;

    public override void Open()
    {
        _latest = State.Table<VoidNamespace, T>(ChangesOperator.StateName);
        _open = State.Table<long, T>("open timestamps");
        base.Open();
    }

    protected override void Add(T value, long timestamp)
    {
        _open.GetOrAdd(in State.CurrentKey, State.CurrentHash, timestamp, out bool existed) = value;
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

        var current = open;
        _open.Remove(in State.CurrentKey, State.CurrentHash, timestamp);
        ref var latest = ref _latest.GetOrAdd(in State.CurrentKey, State.CurrentHash, default, out bool existed);
        Collector.Collect(new Change<T>(existed, latest, current));
        latest = current;
    }
}
