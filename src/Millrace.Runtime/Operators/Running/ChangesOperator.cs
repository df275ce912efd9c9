using Millrace.Runtime.Exchange;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators.Running;

/// <summary>Puts to every record the one that its key had before.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ChangesOperator<TKey, T>(Func<T, TKey> selectKey) : KeyedOperator<TKey, T, Change<T>>(selectKey, null)
    where TKey : notnull
{
    private KeyedStateTable<TKey, VoidNamespace, T> _latest = null!;

    public override void Open()
    {
        _latest = State.Table<VoidNamespace, T>(ChangesOperator.StateName);
        base.Open();
    }

    public override void Receive(RecordBatch<T> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        var batchKeys = HashKeys(batch);
        int ahead = State.PrefetchLength;
        int next = 0;
        Fetch(batchKeys.Run(0, ahead));
        for (int i = 0; i < batch.Count; i++)
        {
            if (i == next)
            {
                next += ahead;
                Fetch(batchKeys.Run(next, ahead));
            }

            ref var latest = ref _latest.GetOrAdd(in batchKeys.Keys[i], batchKeys.Hashes[i], default, out bool existed);
            Collector.Collect(new Change<T>(existed, latest, batch.Values[i]), batch.Timestamps[i]);
            latest = batch.Values[i];
        }

        BatchPool<T>.Return(batch);
    }

    private void Fetch(BatchKeys run) => _latest.Prefetch(run.Keys, run.Hashes, default);
}

/// <summary>What operators of changes of all types have in common.</summary>
internal static class ChangesOperator
{
    public const string StateName = "latest";
}
