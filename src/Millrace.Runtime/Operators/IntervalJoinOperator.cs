using System.Diagnostics;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>
/// Pairs the records of two keyed streams whose timestamps are within bounds of each other. Both sides are kept until the watermark says that no partner can come;
/// a timer for each record removes it.
/// </summary>
/// <remarks>
/// Invariant: a record that is not late has all its partners that were not late, once each. A partner that comes later has a timestamp behind the watermark, and what
/// is removed at a watermark has no partner there.
/// </remarks>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TLeft">The type of the left stream.</typeparam>
/// <typeparam name="TRight">The type of the right stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <param name="selectLeft">Gives the key of a left record.</param>
/// <param name="selectRight">Gives the key of a right record.</param>
/// <param name="bounds">How far apart pairs may be.</param>
/// <param name="lateLeft">Takes left records that come too late.</param>
/// <param name="lateRight">Takes right records that come too late.</param>
/// <param name="function">The function that is opened and closed; <see langword="null"/> where there is a lambda only.</param>
/// <param name="process">Processes a pair.</param>
internal sealed class IntervalJoinOperator<TKey, TLeft, TRight, TOut>(
    Func<TLeft, TKey> selectLeft,
    Func<TRight, TKey> selectRight,
    JoinBounds bounds,
    OutputTag<TLeft>? lateLeft,
    OutputTag<TRight>? lateRight,
    StreamFunction? function,
    Action<TLeft, TRight, JoinContext, Collector<TOut>> process)
    : KeyedTwoInputOperator<TKey, TLeft, TRight, TOut>(selectLeft, selectRight, function)
    where TKey : notnull
{
    private JoinBuffer<TKey, TLeft> _left = null!;
    private JoinBuffer<TKey, TRight> _right = null!;
    private EventTimeProgress _progress = null!;
    private PairContext _context = null!;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _context = new PairContext(this);
        _progress = new EventTimeProgress(GroupValues, KeyGroupRange, context.MaxParallelism);
    }

    public override void Open()
    {
        _left = new JoinBuffer<TKey, TLeft>(State, "left buffer");
        _right = new JoinBuffer<TKey, TRight>(State, "right buffer");
        _progress.Restore();
        base.Open();
    }

    protected override void ProcessFirst(TLeft value)
    {
        long timestamp = Collector.Timestamp;
        if (IsLate(timestamp))
        {
            DropLate(lateLeft, value, timestamp);
            return;
        }

        _left.Add(timestamp, value);
        foreach (ref readonly var partner in _right.Between(bounds.First(timestamp), bounds.Last(timestamp)))
        {
            Pair(value, timestamp, partner.Value, partner.Timestamp);
        }

        Timers.RegisterEventTimeTimer(bounds.NeededUntil(timestamp));
    }

    protected override void ProcessSecond(TRight value)
    {
        long timestamp = Collector.Timestamp;
        if (IsLate(timestamp))
        {
            DropLate(lateRight, value, timestamp);
            return;
        }

        var mirrored = bounds.Mirrored;
        _right.Add(timestamp, value);
        foreach (ref readonly var partner in _left.Between(mirrored.First(timestamp), mirrored.Last(timestamp)))
        {
            Pair(partner.Value, partner.Timestamp, value, timestamp);
        }

        Timers.RegisterEventTimeTimer(mirrored.NeededUntil(timestamp));
    }

    protected override void OnTimer(long timestamp)
    {
        // Up to the watermark and not to the timer: what other timers of the key would remove in the same advance goes in one piece.
        Debug.Assert(timestamp <= CurrentWatermark, "An event-time timer fires when the watermark has reached it.");
        _left.RemoveUpTo(CurrentWatermark, bounds);
        _right.RemoveUpTo(CurrentWatermark, bounds.Mirrored);
    }

    protected override void UpdateGroupValues() => _progress.Update(CurrentWatermark);

    private bool IsLate(long timestamp)
    {
        if (timestamp == EventTime.None)
        {
            throw new InvalidOperationException(
                "a record without a timestamp came to an interval join, which works in event time only. Give the sources of both streams a WatermarkStrategy with a timestamp assigner, or call AssignTimestampsAndWatermarks before the join");
        }

        return timestamp <= _progress.Of(State.CurrentHash, CurrentWatermark);
    }

    private void Pair(TLeft left, long leftTimestamp, TRight right, long rightTimestamp)
    {
        _context.Set(leftTimestamp, rightTimestamp);
        Collector.Timestamp = _context.Timestamp;
        process(left, right, _context, Collector);
    }

    private void DropLate<T>(OutputTag<T>? tag, T value, long timestamp)
    {
        bool dropped = tag is null || !SideOutputs.IsRead(tag);
        Context.Metrics.AddLate(dropped);
        if (!dropped)
        {
            SideOutputs.Emit(tag!, value, timestamp);
        }
    }

    private sealed class PairContext(IntervalJoinOperator<TKey, TLeft, TRight, TOut> owner) : JoinContext
    {
        private long _left;
        private long _right;

        public override long LeftTimestamp => _left;

        public override long RightTimestamp => _right;

        public override long Timestamp => Math.Max(_left, _right);

        public void Set(long left, long right)
        {
            _left = left;
            _right = right;
        }

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, Timestamp);
    }
}
