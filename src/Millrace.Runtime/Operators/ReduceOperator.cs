using Millrace.Runtime.Exchange;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators;

/// <summary>A rolling reduction: every record gives the new value of its key.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ReduceOperator<TKey, T>(Func<T, TKey> selectKey, Func<T, T, T> reduce, ReduceFunction<T>? function)
    : KeyedOperator<TKey, T, T>(selectKey, function)
    where TKey : notnull
{
    private readonly FailedRecords _failed = new();
    private KeyedStateTable<TKey, VoidNamespace, T> _table = null!;

    public override void Open()
    {
        _table = State.Table<VoidNamespace, T>("reduce");
        base.Open();
    }

    public override void Receive(RecordBatch<T> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        var batchKeys = HashKeys(batch);
        int ahead = State.PrefetchLength;
        int next = 0;
        Fetch(batchKeys.Run(0, ahead));
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                // One result a record: the batch that came is the batch that goes.
                var values = batch.Values.AsSpan(0, batch.Count);
                var keys = batchKeys.Keys;
                var hashes = batchKeys.Hashes;
                for (; i < values.Length; i++)
                {
                    if (i == next)
                    {
                        next += ahead;
                        Fetch(batchKeys.Run(next, ahead));
                    }

                    ref var place = ref _table.GetOrAdd(in keys[i], hashes[i], default, out bool existed);
                    place = existed ? reduce(place, values[i]) : values[i];
                    values[i] = place;
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i], batchKeys.Keys[i]);
                _failed.Add(i++);
            }
        }

        _failed.RemoveFrom(batch);
        Output.Emit(batch);
    }

    private void Fetch(BatchKeys run) => _table.Prefetch(run.Keys, run.Hashes, default);
}
