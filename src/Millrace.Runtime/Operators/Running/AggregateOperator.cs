using System.Runtime.CompilerServices;
using Millrace.Runtime.Exchange;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators.Running;

/// <summary>A running aggregate: every record gives the new result of its key.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the records.</typeparam>
/// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
/// <typeparam name="TResult">The type of the function's result.</typeparam>
/// <typeparam name="TOut">The type of what is emitted.</typeparam>
internal sealed class AggregateOperator<TKey, TIn, TAccumulator, TResult, TOut>(
    Func<TIn, TKey> selectKey, AggregateFunction<TIn, TAccumulator, TResult> function, Func<TKey, TResult, TOut> select)
    : KeyedOperator<TKey, TIn, TOut>(selectKey, function)
    where TKey : notnull
{
    private KeyedStateTable<TKey, VoidNamespace, TAccumulator> _accumulators = null!;

    public override void Open()
    {
        _accumulators = State.Table<VoidNamespace, TAccumulator>(AggregateOperator.StateName);
        base.Open();
    }

    public override void Receive(RecordBatch<TIn> batch)
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
                var values = batch.Records;
                var keys = batchKeys.Keys;
                var hashes = batchKeys.Hashes;
                for (; i < values.Length; i++)
                {
                    if (i == next)
                    {
                        next += ahead;
                        Fetch(batchKeys.Run(next, ahead));
                    }

                    ref var accumulator = ref _accumulators.Find(in keys[i], hashes[i], default);
                    if (Unsafe.IsNullRef(ref accumulator))
                    {
                        // Complete before it is kept: of a record that the function throws on nothing is to be left.
                        var first = function.CreateAccumulator();
                        function.Add(ref first, values[i]);
                        _accumulators.GetOrAdd(in keys[i], hashes[i], default, out _) = first;
                        Collector.Collect(select(keys[i], function.GetResult(in first)), batch.Timestamps[i]);
                        continue;
                    }

                    function.Add(ref accumulator, values[i]);
                    Collector.Collect(select(keys[i], function.GetResult(in accumulator)), batch.Timestamps[i]);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i], batchKeys.Keys[i]);
                i++;
            }
        }

        BatchPool<TIn>.Return(batch);
    }

    private void Fetch(BatchKeys run) => _accumulators.Prefetch(run.Keys, run.Hashes, default);
}

/// <summary>What running aggregates of all types have in common.</summary>
internal static class AggregateOperator
{
    public const string StateName = "aggregate";
}
