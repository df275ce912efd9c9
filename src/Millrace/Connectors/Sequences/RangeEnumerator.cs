namespace Millrace.Connectors;

/// <summary>
/// Divides positions evenly over the readers. Range i always goes to reader i (modulo the parallelism), never to whoever asks first, so that a
/// run can be repeated.
/// </summary>
internal sealed class RangeEnumerator : SplitEnumerator<RangeSplit, RangeEnumeratorState>
{
    private readonly SplitEnumeratorContext<RangeSplit> _context;
    private readonly List<RangeSplit> _unassigned;

    private readonly bool _isPaced;

    /// <param name="context">Hands ranges to readers.</param>
    /// <param name="count">How many positions there are.</param>
    /// <param name="restored">What an earlier enumerator remembered.</param>
    /// <param name="isRestored">Whether there was one.</param>
    /// <param name="isPaced">Whether records come into being with time: what is in ranges that no reader has is not due then.</param>
    public RangeEnumerator(SplitEnumeratorContext<RangeSplit> context, long count, RangeEnumeratorState? restored, bool isRestored, bool isPaced = false)
    {
        _isPaced = isPaced;
        _context = context;
        _unassigned = isRestored && restored is not null ? [.. restored.Unassigned] : Divide(count, context.Parallelism);
    }

    public override long? PendingRecords => _isPaced ? 0 : _unassigned.Sum(static split => split.End - split.Next);

    public override void Start()
    {
    }

    public override void HandleSplitRequest(int subtask)
    {
        for (int i = 0; i < _unassigned.Count; i++)
        {
            var split = _unassigned[i];
            if (split.Index % _context.Parallelism == subtask)
            {
                _unassigned.RemoveAt(i);
                _context.Assign(split, subtask);
                return;
            }
        }

        _context.NoMoreSplits(subtask);
    }

    public override void AddSplitsBack(IReadOnlyList<RangeSplit> splits, int subtask) => _unassigned.AddRange(splits);

    public override RangeEnumeratorState Snapshot(long checkpointId) => new([.. _unassigned]);

    internal static List<RangeSplit> Divide(long count, int ranges)
    {
        var splits = new List<RangeSplit>(ranges);
        for (int i = 0; i < ranges; i++)
        {
            // In 128 bits: count times index passes 64 bits for long sequences.
            long start = (long)((Int128)count * i / ranges);
            long end = (long)((Int128)count * (i + 1) / ranges);
            if (start < end)
            {
                splits.Add(new RangeSplit(i, start, end));
            }
        }

        return splits;
    }
}
