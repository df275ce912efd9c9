using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Windowing;

/// <content>Fetching ahead, where a look-up may have to go to disk, or to memory that is not in a cache of the processor. Where it is, that costs more than it gives.</content>
internal sealed partial class SliceWindowOperator<TKey, TIn, TContent, TOut>
{
    // Fewer keys at once are looked up as fast one by one.
    private const int FewestAtOnce = 4;

    private TKey[] _aheadKeys = [];
    private ulong[] _aheadHashes = [];

    /// <summary>Fetches what the next records of a batch will add to: neighbours that fall into the same slice together.</summary>
    /// <param name="batch">The records.</param>
    /// <param name="keys">Their keys.</param>
    /// <param name="from">The first to fetch for.</param>
    /// <param name="count">For how many, where there are as many.</param>
    private void FetchAhead(RecordBatch<TIn> batch, BatchKeys keys, int from, int count)
    {
        long start = 0;
        long end = long.MinValue;
        int first = from;
        int stop = Math.Min(from + count, batch.Count);
        for (int i = from; i <= stop; i++)
        {
            if (i < stop && batch.Timestamps[i] >= start && batch.Timestamps[i] < end)
            {
                continue;
            }

            if (i - first >= FewestAtOnce)
            {
                var run = keys.Run(first, i - first);
                _table.Prefetch(run.Keys, run.Hashes, in end);
            }

            if (i >= stop || batch.Timestamps[i] == EventTime.None)
            {
                break;
            }

            first = i;
            (start, end) = _grid.SliceOf(batch.Timestamps[i]);
        }
    }

    /// <summary>Fetches the next keys of a slice when a walk over it comes to where the last ones that were fetched end.</summary>
    /// <returns>The hashes of those that are fetched now.</returns>
    private ReadOnlySpan<ulong> FetchAhead(Slice<TKey> slice, int next)
    {
        int length = State.PrefetchLength;
        int count = Math.Min(length, slice.Count - next);
        if (next % length != 0 || count < FewestAtOnce)
        {
            return [];
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

        var hashes = _aheadHashes.AsSpan(0, count);
        _table.Prefetch(_aheadKeys.AsSpan(0, count), hashes, slice.End);
        return hashes;
    }
}
