using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Windowing.Local;

namespace Millrace.Runtime.Windowing;

/// <content>The second of two steps: records that have been aggregated before they came over the exchange. They come only where late data is dropped.</content>
internal sealed partial class SliceWindowOperator<TKey, TIn, TContent, TOut> : IReceiver<Partial<TIn, TContent>>
{
    public void Receive(RecordBatch<Partial<TIn, TContent>> batch)
    {
        var records = TakeRecords(batch);
        int i = 0;
        try
        {
            var keys = HashKeys(records);
            bool isAhead = _table.IsLookUpSlow;
            int ahead = State.PrefetchLength;
            int next = 0;
            if (isAhead)
            {
                FetchAhead(records, keys, 0, ahead);
            }

            for (; i < batch.Count; i++)
            {
                if (isAhead && i == next)
                {
                    next += ahead;
                    FetchAhead(records, keys, next, ahead);
                }

                Add(ref batch.Values[i], records.Timestamps[i], in keys.Keys[i], keys.Hashes[i]);
            }
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            // Says what is wrong with the record, and fails the job: with another policy no partial aggregates come.
            OnError(cause, records.Values[i], records.Timestamps[i]);
            throw;
        }

        BatchPool<TIn>.Return(records);
        BatchPool<Partial<TIn, TContent>>.Return(batch);
    }

    /// <summary>The records that say which keys and slices the partial aggregates are of.</summary>
    private RecordBatch<TIn> TakeRecords(RecordBatch<Partial<TIn, TContent>> batch)
    {
        var records = BatchPool<TIn>.Rent(batch.Capacity);
        int count = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            records.Values[i] = batch.Values[i].Record;
            count += batch.Values[i].Records;
        }

        records.Count = batch.Count;
        records.SwapTimestamps(batch);
        Context.Metrics.AddRecordsIn(count);
        return records;
    }

    private void Add(ref Partial<TIn, TContent> partial, long timestamp, in TKey key, ulong hash)
    {
        if (partial.Aggregated == 0)
        {
            Add(partial.Record, timestamp, in key, hash);
            return;
        }

        if (timestamp < _sliceStart || timestamp >= _sliceEnd)
        {
            EnterSlice(timestamp);
        }

        if (IsPast(_lastWindowOfSlice, hash))
        {
            Context.Metrics.AddLate(dropped: true, partial.Aggregated);
            return;
        }

        ref var content = ref _table.GetOrAdd(in key, hash, in _sliceEnd, out bool existed);
        if (existed)
        {
            _aggregation.Merge(ref content, in partial.Content!);
        }
        else
        {
            // Nobody else has it.
            content = partial.Content!;
            _slices.Add(_sliceEnd, key, hash);
        }

        if (_sliceEnd <= FiredUpTo(hash))
        {
            OnChangedBehindWatermark(key, hash);
        }
    }
}
