using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;
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
            Guard(() =>
            {
                if (_exists)
                {
                    function.Merge(ref _accumulator, in restored);
                }
                else
                {
                    _accumulator = restored;
                }
            });
            _exists = true;
        }

        _state.Clear();
    }

    public override void Receive(RecordBatch<T> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        try
        {
            foreach (var value in batch.Records)
            {
                if (!_exists)
                {
                    _accumulator = function.CreateAccumulator();
                    _exists = true;
                }

                function.Add(ref _accumulator, value);
            }
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw Context.Failure(cause, "on a record");
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
            Guard(() => Collector.Collect(function.GetResult(in _accumulator)));
            _accumulator = default!;
            _exists = false;
        }

        base.OnWatermark(timestamp);
    }

    private void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw Context.Failure(cause, "at the end of the input");
        }
    }
}
