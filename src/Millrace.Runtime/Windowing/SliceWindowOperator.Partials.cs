using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;

namespace Millrace.Runtime.Windowing;

/// <content>The second of two steps: records that have been aggregated before they came over the exchange. They come only where late data is dropped.</content>
internal sealed partial class SliceWindowOperator<TKey, TIn, TContent, TOut>
{
    private void Receive(RecordBatch<TIn> batch, PartialColumn<TContent> partials)
    {
        int count = 0;
        foreach (int records in partials.Counts[..batch.Count])
        {
            count += Math.Max(1, records);
        }

        Context.Metrics.AddRecordsIn(count);
        int i = 0;
        try
        {
            var keys = HashKeys(batch);
            bool isAhead = _table.IsLookUpSlow;
            int ahead = State.PrefetchLength;
            int next = 0;
            if (isAhead)
            {
                FetchAhead(batch, keys, 0, ahead);
            }

            for (; i < batch.Count; i++)
            {
                if (isAhead && i == next)
                {
                    next += ahead;
                    FetchAhead(batch, keys, next, ahead);
                }

                if (partials.Counts[i] == 0)
                {
                    Add(batch.Values[i], batch.Timestamps[i], in keys.Keys[i], keys.Hashes[i]);
                }
                else
                {
                    Merge(in partials.Contents[i], partials.Counts[i], batch.Timestamps[i], in keys.Keys[i], keys.Hashes[i]);
                }
            }
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            // Says what is wrong with the record, and fails the job: with another policy no partial aggregates come.
            OnError(cause, batch.Values[i], batch.Timestamps[i]);
            throw;
        }

        BatchPool<TIn>.Return(batch);
    }

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
