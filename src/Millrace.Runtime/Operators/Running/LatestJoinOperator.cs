using System.Runtime.CompilerServices;
using Millrace.Runtime.Tasks;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators.Running;

/// <summary>
/// Joins the latest record that a key has on each of two sides. Every record gives a result; with consistent output every closed timestamp does at which the key had a record on either
/// side: records wait by key and timestamp until both sides' watermarks have reached it.
/// </summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TLeft">The type of the left stream.</typeparam>
/// <typeparam name="TRight">The type of the right stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <param name="selectLeft">Gives the key of a left record.</param>
/// <param name="selectRight">Gives the key of a right record.</param>
/// <param name="missingLeft">Stands in for the left record that a key does not have; <see langword="null"/> where there is no result then.</param>
/// <param name="missingRight">Stands in for the right record.</param>
/// <param name="join">Gives the result.</param>
internal sealed class LatestJoinOperator<TKey, TLeft, TRight, TOut>(
    Func<TLeft, TKey> selectLeft, Func<TRight, TKey> selectRight, Func<TKey, TLeft>? missingLeft, Func<TKey, TRight>? missingRight, Func<TLeft, TRight, TOut> join)
    : KeyedTwoInputOperator<TKey, TLeft, TRight, TOut>(selectLeft, selectRight, null)
    where TKey : notnull
{
    private ClosedTimestamps? _closed;
    private KeyedStateTable<TKey, VoidNamespace, TLeft> _left = null!;
    private KeyedStateTable<TKey, VoidNamespace, TRight> _right = null!;
    private KeyedStateTable<TKey, long, TLeft>? _openLeft;
    private KeyedStateTable<TKey, long, TRight>? _openRight;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _closed = context.Options.ConsistentOutput ? new ClosedTimestamps(GroupValues, KeyGroupRange, context) : null;
    }

    public override void Open()
    {
        _left = State.Table<VoidNamespace, TLeft>("left");
        _right = State.Table<VoidNamespace, TRight>("right");
        if (_closed is not null)
        {
            _openLeft = State.Table<long, TLeft>("left, open timestamps");
            _openRight = State.Table<long, TRight>("right, open timestamps");
            _closed.Restore();
        }

        base.Open();
    }

    protected override void ProcessFirst(TLeft value) => Take(_left, _openLeft, value);

    protected override void ProcessSecond(TRight value) => Take(_right, _openRight, value);

    protected override void OnTimer(long timestamp)
    {
        Close(_left, _openLeft!, timestamp);
        Close(_right, _openRight!, timestamp);
        Emit();
    }

    protected override void UpdateGroupValues() => _closed?.Update(CurrentWatermark);

    private void Take<T>(KeyedStateTable<TKey, VoidNamespace, T> latest, KeyedStateTable<TKey, long, T>? open, T value)
    {
        if (_closed is null)
        {
            latest.GetOrAdd(in State.CurrentKey, State.CurrentHash, default, out _) = value;
            Emit();
        }
        else if (_closed.Admits(State.CurrentHash, Collector.Timestamp, CurrentWatermark))
        {
            // Of several records of one timestamp the last to arrive counts.
            open!.GetOrAdd(in State.CurrentKey, State.CurrentHash, Collector.Timestamp, out bool existed) = value;
            if (!existed)
            {
                Timers.RegisterEventTimeTimer(Collector.Timestamp);
            }
        }
    }

    private void Close<T>(KeyedStateTable<TKey, VoidNamespace, T> latest, KeyedStateTable<TKey, long, T> open, long timestamp)
    {
        ref readonly var place = ref open.Peek(in State.CurrentKey, State.CurrentHash, timestamp);
        if (Unsafe.IsNullRef(in place))
        {
            return;
        }

        var value = place;
        open.Remove(in State.CurrentKey, State.CurrentHash, timestamp);
        latest.GetOrAdd(in State.CurrentKey, State.CurrentHash, default, out _) = value;
    }

    private void Emit()
    {
        if (TryGet(_left, missingLeft, out var left) && TryGet(_right, missingRight, out var right))
        {
            Collector.Collect(join(left, right));
        }
    }

    private bool TryGet<T>(KeyedStateTable<TKey, VoidNamespace, T> latest, Func<TKey, T>? missing, out T value)
    {
        ref readonly var place = ref latest.Peek(in State.CurrentKey, State.CurrentHash, default);
        if (!Unsafe.IsNullRef(in place))
        {
            value = place;
            return true;
        }

        value = missing is null ? default! : missing(State.CurrentKey);
        return missing is not null;
    }
}
