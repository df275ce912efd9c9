using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.State;

namespace Millrace.Runtime.Operators.Running;

/// <summary>
/// Takes late records out of a stream, so that none is late to any operator behind it, in whichever branch. What is late to one operator need not be to another, which is further behind; a
/// record that counts in one branch only makes results of both together wrong for ever.
/// </summary>
/// <remarks>
/// Invariant: a record that is handed on has a timestamp behind every watermark that an operator behind this one has, or had in the checkpoint that was restored. For the first, idleness is not handed on:
/// a subtask that woke up would send records that are behind the watermarks of its neighbours. Nobody waits for it for that, because every subtask has the watermarks of all that feed them. For the second, the
/// watermark is part of snapshots: operators behind have at most the least of those of all subtasks.
/// </remarks>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="late">Takes late records; dropped where null.</param>
internal sealed class LateDataOperator<T>(OutputTag<T>? late) : StreamOperator<T, T>
{
    private readonly FailedRecords _taken = new();
    private OperatorListState<long> _watermarks = null!;
    private long _restored = EventTime.MinWatermark;

    public override void Open()
    {
        _watermarks = Context.OperatorState.GetUnionListState(new ListStateDescriptor<long>("watermarks"));
        _restored = _watermarks.Items.Count == 0 ? EventTime.MinWatermark : _watermarks.Items.Min();
    }

    public override void Receive(RecordBatch<T> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        long closed = Math.Max(CurrentWatermark, _restored);
        for (int i = 0; i < batch.Count; i++)
        {
            long timestamp = batch.Timestamps[i];
            if (timestamp > closed)
            {
                continue;
            }

            if (timestamp == EventTime.None)
            {
                Errors.OnRecord(ClosedTimestamps.MissingTimestamp(Context.OperatorName), batch.Values[i], timestamp);
            }
            else
            {
                TakeOut(batch.Values[i], timestamp);
            }

            _taken.Add(i);
        }

        _taken.RemoveFrom(batch);
        Output.Emit(batch);
    }

    public override void Snapshot(PendingOperatorSnapshot snapshot)
    {
        _watermarks.Update([Math.Max(CurrentWatermark, _restored)]);
        base.Snapshot(snapshot);
    }

    protected override void OnIdle(bool idle)
    {
    }

    private void TakeOut(T value, long timestamp)
    {
        bool dropped = late is null || !SideOutputs.IsRead(late);
        Context.Metrics.AddLate(dropped);
        if (!dropped)
        {
            SideOutputs.Emit(late!, value, timestamp);
        }
    }
}
