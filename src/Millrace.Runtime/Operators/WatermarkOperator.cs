using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State.Operator;
using Millrace.State;

namespace Millrace.Runtime.Operators;

/// <summary>
/// Gives timestamps and watermarks inside a stream. Watermarks that come from before are not handed on, except the last one: they speak of other
/// timestamps.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class WatermarkOperator<T>(WatermarkStrategy<T> strategy) : CollectingOperator<T, T>(null)
{
    private SplitWatermarks<T> _watermarks = null!;
    private TaskPressure.Watch _pressure;
    private long _nextInterval = long.MaxValue;
    private bool _inputIdle;
    private bool _idle;
    private bool _ended;
    private bool _isSameParallelism;
    private OperatorListState<(int Subtask, long Watermark)>? _progress;

    public override long NextProcessingTime => _ended ? long.MaxValue : _nextInterval;

    public override bool GoesByDurations => true;

    public override bool AssignsWatermarks => true;

    public override void Open()
    {
        long now = Now;
        _pressure = new TaskPressure.Watch(Context.Pressure);
        _watermarks = new SplitWatermarks<T>(strategy, now, Announce);
        _nextInterval = now + (long)Context.Options.AutoWatermarkInterval.TotalMilliseconds;
        if (!Context.TakesCheckpoints || Context.OperatorState is not OperatorStateBackend state)
        {
            return;
        }

        _progress = state.GetList(".watermark", Redistribution.Union, Context.Serializers.Get<(int Subtask, long Watermark)>());

        // At another parallelism nobody knows which records went where: what held for all of them holds for each.
        var restored = _progress.Items.Where(item => !_isSameParallelism || item.Subtask == Context.SubtaskIndex).Select(item => item.Watermark).ToList();
        if (restored.Count > 0 && restored.Min() is var watermark && watermark != EventTime.MaxWatermark)
        {
            _watermarks.EmitWatermark(watermark);
        }
    }

    public override void PrepareBarrier() => _watermarks.EmitNow();

    public override void Restore(OperatorRestore restore)
    {
        base.Restore(restore);
        _isSameParallelism = restore.IsSameParallelism;
    }

    public override void Snapshot(PendingOperatorSnapshot snapshot)
    {
        _progress?.Update([(Context.SubtaskIndex, CurrentWatermark)]);
        base.Snapshot(snapshot);
    }

    public override void Receive(RecordBatch<T> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        try
        {
            for (int i = 0; i < batch.Count; i++)
            {
                // The assigner's errors are those of the record. The generator's are not: the record has gone on then.
                if (TryAssign(batch.Values[i], batch.Timestamps[i], out long timestamp))
                {
                    Collector.Collect(batch.Values[i], timestamp);
                    _watermarks.OnEvent(in batch.Values[i], timestamp);
                }
            }
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            throw Context.Failure(cause, "in its watermark generator");
        }

        BatchPool<T>.Return(batch);
    }

    private bool TryAssign(T value, long given, out long timestamp)
    {
        try
        {
            timestamp = _watermarks.Assign(value, given);
            return true;
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            Errors.OnRecord(cause, value, given, null, FailureStage.Timestamp, 0, "assigning a timestamp");
            timestamp = EventTime.None;
            return false;
        }
    }

    protected override void OnProcessingTime(long now)
    {
        if (!_ended && now >= _nextInterval)
        {
            _nextInterval = now + (long)Context.Options.AutoWatermarkInterval.TotalMilliseconds;
            _watermarks.OnInterval(now, _pressure.WasFree());
        }
    }

    protected override void OnWatermark(long timestamp)
    {
        if (timestamp == EventTime.MaxWatermark)
        {
            _ended = true;
            base.OnWatermark(timestamp);
        }
    }

    /// <summary>Idle is who gets nothing, and who says so himself.</summary>
    protected override void OnIdle(bool idle)
    {
        _inputIdle = idle;
        Announce(_watermarks);
    }

    private void Announce(SplitWatermarks<T> watermarks)
    {
        bool idle = _inputIdle || watermarks.IsIdle;
        if (_idle && !idle)
        {
            _idle = false;
            Context.Metrics.IsIdle = false;
            Forward(ControlElement.Idle(false));
        }

        if (watermarks.Watermark > CurrentWatermark)
        {
            base.OnWatermark(watermarks.Watermark);
        }

        if (!_idle && idle)
        {
            _idle = true;
            Context.Metrics.IsIdle = true;
            Flush();
            Forward(ControlElement.Idle(true));
        }
    }
}
