namespace Millrace.Runtime.Windowing;

/// <content>The second of two steps: records that have been aggregated before they came over the exchange. They come only where late data is dropped, and errors fail the job.</content>
internal sealed partial class SliceWindowOperator<TKey, TIn, TContent, TOut>
{
    private void Merge(in TContent partial, int records, long timestamp, in TKey key, ulong hash)
    {
        if (timestamp < _sliceStart || timestamp >= _sliceEnd)
        {
            EnterSlice(timestamp);
        }

        if (IsPast(_lastWindowOfSlice, hash))
        {
            Context.Metrics.AddLate(dropped: true, records);
            return;
        }

        ref var content = ref _table.GetOrAdd(in key, hash, in _sliceEnd, out bool existed);
        if (existed)
        {
            _aggregation.Merge(ref content, in partial);
        }
        else
        {
            // Nobody else has it.
            content = partial;
            _slices.Add(_sliceEnd, key, hash);
        }

        if (_sliceEnd <= FiredUpTo(hash))
        {
            OnChangedBehindWatermark(key, hash);
        }
    }
}
