using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Windowing;

/// <content>Fetching ahead, where a look-up may have to go to disk, or to memory that is not in a cache of the processor. Where it is, that costs more than it gives.</content>
internal sealed partial class SliceWindowOperator<TKey, TIn, TContent, TOut>
{
    // Fewer keys at once are looked up as fast one by one.
    private const int FewestAtOnce = 4;

    private TKey[] _aheadKeys = [];
    private ulong[] _aheadHashes = [];

    /// <summary>Fetches what the records of a batch will add to: neighbours that fall into the same slice together.</summary>
    /// <returns>The keys of the batch.</returns>
    private BatchKeys FetchAhead(RecordBatch<TIn> batch)
    {
        var keys = HashKeys(batch);
        long start = 0;
        long end = long.MinValue;
        int first = 0;
        for (int i = 0; i <= batch.Count; i++)
        {
            if (i < batch.Count && batch.Timestamps[i] >= start && batch.Timestamps[i] < end)
            {
                continue;
            }

            if (i - first >= FewestAtOnce)
            {
                var run = keys.Run(first, i - first);
                _table.Prefetch(run.Keys, run.Hashes, in end);
            }

            if (i == batch.Count || batch.Timestamps[i] == EventTime.None)
            {
                break;
            }

            first = i;
            (start, end) = _grid.SliceOf(batch.Timestamps[i]);
        }

        return keys;
    }

    /// <summary>Fetches the next keys of a slice when a walk over it comes to where the last ones that were fetched end.</summary>
    private void FetchAhead(Slice<TKey> slice, int next)
    {
        int length = State.PrefetchLength;
        int count = Math.Min(length, slice.Count - next);
        if (next % length != 0 || count < FewestAtOnce)
        {
            return;
        }

        if (_aheadKeys.Length < count)
        {
            _aheadKeys = new TKey[length];
            _aheadHashes = new ulong[length];
        }

        for (int i = 0; i < count; i++)
        {
            ref readonly var entry = ref slice[next + i];
            _aheadKeys[i] = entry.Key;
            _aheadHashes[i] = entry.Hash;
        }

        _table.Prefetch(_aheadKeys.AsSpan(0, count), _aheadHashes.AsSpan(0, count), slice.End);
    }
}
