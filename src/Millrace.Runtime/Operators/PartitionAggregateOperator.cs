using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.State;

namespace Millrace.Runtime.Operators;

/// <summary>Adds all records of a subtask up as they come, and emits the result at the end of the input.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TAccumulator">The type of what is kept.</typeparam>
/// <typeparam name="TOut">The type of the result.</typeparam>
internal sealed class PartitionAggregateOperator<T, TAccumulator, TOut>(AggregateFunction<T, TAccumulator, TOut> function) : CollectingOperator<T, TOut>(function)
{
    private OperatorListState<TAccumulator> _state = null!;
    private TAccumulator _accumulator = default!;
    private bool _exists;

    public override void Open()
    {
        base.Open();
        _state = Context.OperatorState.GetListState(new ListStateDescriptor<TAccumulator>("partition"));

        // More than one after a restore at a lower parallelism.
        foreach (var restored in _state.Items)
        {
            if (_exists)
            {
                Merge(restored);
            }
            else
            {
                _accumulator = restored;
                _exists = true;
            }
        }

        _state.Clear();
    }

    public override void Receive(RecordBatch<T> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                for (; i < batch.Count; i++)
                {
                    Add(batch.Values[i]);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i]);
                i++;
            }
        }

        BatchPool<T>.Return(batch);
    }

    public override void Snapshot(PendingOperatorSnapshot snapshot)
    {
        _state.Update(_exists ? [_accumulator] : []);
        base.Snapshot(snapshot);
    }

    // Before the last watermark is handed on: the result is not late to what follows.
    protected override void OnWatermark(long timestamp)
    {
        if (timestamp == EventTime.MaxWatermark && _exists)
        {
            Collector.Timestamp = timestamp;
            try
            {
                Collector.Collect(function.GetResult(in _accumulator));
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnNoRecord(cause, FailureStage.Window, EventTime.None, null, null, "at the end of the input");
            }

            _accumulator = default!;
            _exists = false;
        }

        base.OnWatermark(timestamp);
    }

    private void Add(T value)
    {
        if (_exists)
        {
            function.Add(ref _accumulator, value);
            return;
        }

        // There is no partition before a record is in it.
        var accumulator = function.CreateAccumulator();
        function.Add(ref accumulator, value);
        _accumulator = accumulator;
        _exists = true;
    }

    private void Merge(TAccumulator restored)
    {
        try
        {
            function.Merge(ref _accumulator, in restored);
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            // Of many records, and not of one: the policy has nothing to say.
            throw Context.Failure(cause, "merging what was restored");
        }
    }
}
