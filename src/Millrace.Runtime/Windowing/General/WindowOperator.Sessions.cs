using System.Runtime.CompilerServices;
using Millrace.Runtime.Exchange;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.General;

/// <content>
/// The way of nearly every record of a session: it falls into the only window of its key, which may grow by it, and neither fires nor merges with another. Everything else goes the general way, which comes to the
/// same where this one could be gone.
/// </content>
internal sealed partial class WindowOperator<TKey, TIn, TWindow, TContent, TOut>
{
    // The gap of sessions of event time that is the same for all; 0 for other windows, and where the trigger has to be asked.
    private readonly long _sessionGap;

    /// <summary>Adds a record to the session of its key, and those that follow with the same key.</summary>
    /// <param name="batch">The records.</param>
    /// <param name="keys">Their keys; that of the record is the current one.</param>
    /// <param name="i">The record; afterwards the first that has not been added.</param>
    /// <returns>False when the record has to go the general way; then nothing has changed.</returns>
    private bool TryAddToSession(RecordBatch<TIn> batch, BatchKeys keys, ref int i)
    {
        ref readonly var key = ref keys.Keys[i];
        ulong hash = keys.Hashes[i];
        ref var set = ref _sets.Find(in key, hash, default);
        if (Unsafe.IsNullRef(ref set) || set.Count != 1)
        {
            return false;
        }

        // With a gap, windows are spans of time.
        ref var session = ref Unsafe.As<TWindow, TimeWindow>(ref set[0].Window);
        long watermark = CurrentWatermarkOfKey;
        if (!TryGrow(session, batch.Timestamps[i], watermark, out var grown))
        {
            return false;
        }

        ref var content = ref _contents.Find(in key, hash, in set[0].StateWindow);
        if (Unsafe.IsNullRef(ref content))
        {
            return false;
        }

        do
        {
            session = grown;
            _aggregation.Add(ref content, batch.Values[i], batch.Timestamps[i]);
            i++;
        }
        while (i < batch.Count && keys.Hashes[i] == hash && EqualityComparer<TKey>.Default.Equals(keys.Keys[i], key) && TryGrow(session, batch.Timestamps[i], watermark, out grown));
        return true;
    }

    /// <summary>Whether a record falls into a session that is not over then.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryGrow(TimeWindow session, long timestamp, long watermark, out TimeWindow grown)
    {
        long end = timestamp + _sessionGap;
        grown = new TimeWindow(Math.Min(session.Start, timestamp), Math.Max(session.End, end));
        return timestamp != EventTime.None && timestamp <= session.End && end >= session.Start && grown.MaxTimestamp > watermark && grown.End != long.MaxValue;
    }
}
