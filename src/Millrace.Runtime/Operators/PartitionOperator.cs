using Millrace.Runtime.Exchange;
using Millrace.State;

namespace Millrace.Runtime.Operators;

/// <summary>Keeps all records of a subtask, and hands them to a function at the end of the input.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal sealed class PartitionOperator<T, TOut>(Action<IReadOnlyList<T>, Collector<TOut>> map) : CollectingOperator<T, TOut>(null)
{
    private OperatorListState<T> _records = null!;

    public override void Open()
    {
        base.Open();
        _records = Context.OperatorState.GetListState(new ListStateDescriptor<T>("partition"));
    }

    public override void Receive(RecordBatch<T> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        foreach (var value in batch.Records)
        {
            _records.Add(value);
        }

        BatchPool<T>.Return(batch);
    }

    // Before the last watermark is handed on: results are not late to what follows. A checkpoint behind this moment has no records, so that nothing is emitted twice.
    protected override void OnWatermark(long timestamp)
    {
        if (timestamp == EventTime.MaxWatermark && _records.Items.Count > 0)
        {
            try
            {
                Collector.Timestamp = timestamp;
                map(_records.Items, Collector);
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnNoRecord(cause, FailureStage.Window, EventTime.None, null, null, "at the end of the input");
            }

            _records.Clear();
        }

        base.OnWatermark(timestamp);
    }
}
