using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;
using Millrace.State;

namespace Millrace.Runtime.Sources;

/// <summary>
/// The head of a chain that reads: drives a reader, gives its records timestamps, and derives the watermark from all of its splits.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
/// <typeparam name="TState">The enumerator's state.</typeparam>
internal sealed partial class SourceOperator<T, TSplit, TState>(Source<T, TSplit, TState> source, WatermarkStrategy<T> strategy)
    : StreamOperator<T>, ISplitReceiver<TSplit>
    where TSplit : ISourceSplit
{
    private const string SplitsName = ".splits";
    private const string WatermarksName = ".watermarks";

    // The watermark of the whole reader stands among those of splits, under a name that none of them has.
    private const string Reader = "";

    private BatchCollector<T> _collector = null!;
    private SplitsOutput<T> _output = null!;
    private SourceReader<T, TSplit>? _reader;
    private TaskPressure.Watch _pressure;
    private long _nextInterval = long.MaxValue;
    private long _nextLatencyMarker = long.MaxValue;
    private long _wakeAt = long.MaxValue;
    private AlignedReading? _aligned;
    private bool _idle;
    private bool _ended;

    // The savepoint behind which nothing is read, because the job is to end with it, and the last one that came to nothing: its abort may overtake its trigger.
    private long? _stoppedBehind;
    private long _aborted = -1;
    private bool _endRequested;

    // The snapshots that are due, in order, each with what the enumerator has said behind it.
    private readonly List<(long CheckpointId, Queue<Action> Behind)> _due = [];
    private bool _isSameParallelism;
    private bool _rehearses;
    private OperatorListState<TSplit>? _splits;
    private OperatorListState<(int Subtask, string SplitId, long Watermark)>? _watermarks;

    /// <summary>The enumerator's side; set before the operator is opened.</summary>
    public ISplitCoordinator Coordinator { get; set; } = null!;

    public override long NextProcessingTime => _ended ? long.MaxValue : Math.Min(Math.Min(_nextInterval, _nextLatencyMarker), Math.Min(_wakeAt, _aligned?.NextReport ?? long.MaxValue));

    public override bool GoesByDurations => true;

    public override bool AssignsWatermarks => strategy.HasWatermarks;

    /// <summary>Whether the reader is so far ahead of others that it waits for them.</summary>
    private bool Waits => _aligned is { } aligned && CurrentWatermark > aligned.Limit;

    public TaskInput CreateInput() => new ReaderInput(this);

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _collector = new BatchCollector<T>(Output, context.Options.BatchSize);
        _output = new SplitsOutput<T>(strategy, _collector, SideOutputs, Errors, () => Now, AnnounceTime);
    }

    public override void Open()
    {
        long now = Now;
        _pressure = new TaskPressure.Watch(Context.Pressure);
        _nextInterval = now + (long)Context.Options.AutoWatermarkInterval.TotalMilliseconds;
        _aligned = strategy.Alignment is { } alignment ? new AlignedReading(alignment, now) : null;
        if (Context.Options.LatencyTrackingInterval > TimeSpan.Zero)
        {
            _nextLatencyMarker = now;
        }

        try
        {
            _reader = source.CreateReader(new ReaderContext(this));
            TakeRestoredSplits();
            _reader.Start();
        }
        catch (Exception cause) when (cause is not MillraceException)
        {
            throw Context.Failure(cause, "opening the reader");
        }

        Coordinator.ReaderStarted(Context.SubtaskIndex);
    }

    public override void OpenState()
    {
        if (Context.OperatorState is OperatorStateBackend state && Context.TakesCheckpoints)
        {
            _splits = state.GetList(SplitsName, Redistribution.Split, source.SplitSerializer ?? Context.Serializers.Get<TSplit>());
            _watermarks = state.GetList(WatermarksName, Redistribution.Union, Context.Serializers.Get<(int Subtask, string SplitId, long Watermark)>());
        }
    }

    public override void Flush()
    {
        _collector.Flush();
        base.Flush();
    }

    // A reader may read as little at a time as it likes: its batches are filled by many reads.
    public override void HandOn() => SideOutputs.Flush();

    protected override void OnProcessingTime(long now)
    {
        if (_ended)
        {
            return;
        }

        if (now >= _wakeAt)
        {
            // Being here is being awake: the input is polled next.
            _wakeAt = long.MaxValue;
        }

        if (now >= _nextLatencyMarker)
        {
            _nextLatencyMarker = now + Math.Max(1, (long)Context.Options.LatencyTrackingInterval.TotalMilliseconds);
            Flush();
            Forward(new ControlElement(ElementKind.LatencyMarker, Context.TimeProvider.GetUtcNow().UtcTicks, Context.NodeId, Context.SubtaskIndex));
        }

        if (_aligned?.IsDue(now) is true)
        {
            ReportWatermark();
        }

        if (now >= _nextInterval)
        {
            _nextInterval = now + (long)Context.Options.AutoWatermarkInterval.TotalMilliseconds;
            _output.OnInterval(now, _pressure.WasFree() && !Waits, _aligned);
            Context.Metrics.Splits = _output.Times;
            Align(Context.Metrics.Splits);
            Call(TellPending, "telling what it has not read");
        }
    }

    public override void PrepareBarrier()
    {
        // What has been seen and not said yet would be forgotten by a restore.
        if (!_ended && _reader is not null)
        {
            _output.EmitNow();
        }
    }

    public override void Restore(OperatorRestore restore)
    {
        base.Restore(restore);
        _isSameParallelism = restore.IsSameParallelism;
    }

    public override void Snapshot(PendingOperatorSnapshot snapshot)
    {
        // What was said behind an earlier one belongs before this one, even if the earlier one is not taken any more.
        while (_due.Count > 0 && _due[0].CheckpointId < snapshot.Barrier.CheckpointId)
        {
            SnapshotIsOver(_due[0].CheckpointId);
        }

        if (_splits is null || _watermarks is null || _reader is null)
        {
            base.Snapshot(snapshot);
            SnapshotIsOver(snapshot.Barrier.CheckpointId);
            return;
        }

        Call(reader => _splits.Update(reader.Snapshot(snapshot.Barrier.CheckpointId)), "taking a snapshot");
        _watermarks.Update(Progress());
        if (snapshot.Barrier.StopsSources && snapshot.Barrier.CheckpointId > _aborted)
        {
            _stoppedBehind = snapshot.Barrier.CheckpointId;
        }

        base.Snapshot(snapshot);
        SnapshotIsOver(snapshot.Barrier.CheckpointId);
    }

    public override void Rehearse()
    {
        // Most of it is about splits: where there is none yet, the first one is waited for.
        _rehearses = true;
        if (_splits is { Items: [var split, ..] })
        {
            Rehearse(split);
        }
    }

    private void Rehearse(TSplit split)
    {
        if (!_rehearses || _splits is null || _watermarks is null)
        {
            return;
        }

        _rehearses = false;
        TSplit[] splits = [.. _splits.Items];
        (int Subtask, string SplitId, long Watermark)[] watermarks = [.. _watermarks.Items];
        _splits.Update([split]);
        _watermarks.Update(Progress());
        base.Rehearse();
        _splits.Update(splits);
        _watermarks.Update(watermarks);
        SnapshotIsOver(CheckpointBarrier.Rehearsal.CheckpointId);
    }

    private List<(int Subtask, string SplitId, long Watermark)> Progress() =>
        [(Context.SubtaskIndex, Reader, CurrentWatermark), .. _output.Progress.Select(split => (Context.SubtaskIndex, split.SplitId, split.Watermark))];

    public override void CheckpointAborted(long checkpointId)
    {
        _aborted = Math.Max(_aborted, checkpointId);
        if (_stoppedBehind <= checkpointId)
        {
            // The job goes on after all.
            _stoppedBehind = null;
        }

        // Another one, even if it comes later, says nothing about those that are due: their snapshots are still to be taken.
        SnapshotIsOver(checkpointId);
    }

    public override void EndSource() => _endRequested = true;

    public override void CheckpointCompleted(long checkpointId) => Call(reader => reader.CheckpointCompleted(checkpointId), "hearing of a checkpoint");

    public void TriggerCheckpoint(CheckpointBarrier barrier) => Context.Mailbox.Post(() =>
    {
        // Its abort may have overtaken it: no snapshot will be taken, and nothing may wait for one.
        if (Context.Trigger(barrier))
        {
            _due.Add((barrier.CheckpointId, new Queue<Action>()));
        }
    });

    public override void Close() => Call(static reader => reader.Close(), "closing the reader");

    public void AddSplits(IReadOnlyList<TSplit> splits) => Context.Mailbox.Post(() => Take(() => Call(
        reader =>
        {
            _output.Announce(splits.Select(static split => split.SplitId));
            Rehearse(splits[0]);
            reader.AddSplits(splits);
        },
        "taking splits")));

    public void NoMoreSplits() => Context.Mailbox.Post(() => Take(() => Call(static reader => reader.NoMoreSplits(), "taking its last split")));

    public void AlignTo(long watermark) => Context.Mailbox.Post(() =>
    {
        if (_aligned is { } aligned && !_ended)
        {
            aligned.Follow(watermark);
            Align(_output.Times);
        }
    });

    private void Align(IReadOnlyList<SplitTime> splits) => _aligned?.Choose(splits, (pause, resume) => Call(reader => reader.PauseOrResumeSplits(pause, resume), "pausing splits"));

    private void TellPending(SourceReader<T, TSplit> reader)
    {
        // A negative number is somebody's mistake, and as good as none.
        Context.Metrics.PendingRecords = reader.PendingRecords is >= 0 and var records ? records : null;
        Context.Metrics.PendingBytes = reader.PendingBytes is >= 0 and var bytes ? bytes : null;
    }

    private void ReportWatermark() =>
        Coordinator.ReportWatermark(Context.SubtaskIndex, _aligned!.Group, _ended || _output.IsIdle ? EventTime.MaxWatermark : CurrentWatermark);

    /// <summary>
    /// Does what the enumerator says, behind the snapshot if one is due: the enumerator's own was taken before it said so, and what is in both would be read twice.
    /// </summary>
    private void Take(Action action)
    {
        if (_due.Count > 0)
        {
            _due[^1].Behind.Enqueue(action);
        }
        else
        {
            action();
        }
    }

    /// <summary>A snapshot is taken, or will not be: what was said behind it is done, or waits for the one before it.</summary>
    private void SnapshotIsOver(long checkpointId)
    {
        int index = _due.FindIndex(due => due.CheckpointId == checkpointId);
        if (index < 0)
        {
            return;
        }

        var behind = _due[index].Behind;
        _due.RemoveAt(index);
        while (behind.TryDequeue(out var action))
        {
            if (index > 0)
            {
                _due[index - 1].Behind.Enqueue(action);
            }
            else
            {
                action();
            }
        }
    }

    private void Call(Action<SourceReader<T, TSplit>> action, string during)
    {
        if (_reader is not { } reader)
        {
            return;
        }

        try
        {
            action(reader);
        }
        catch (Exception cause) when (cause is not MillraceException)
        {
            throw Context.Failure(cause, during);
        }
    }

    /// <summary>
    /// What the subtask reads, and how far event time had come in it: with the watermarks of then, what is late is the same as if nothing had happened.
    /// </summary>
    private void TakeRestoredSplits()
    {
        OpenState();
        if (_splits is null || _watermarks is null)
        {
            return;
        }

        var restored = _splits.Items.ToList();
        var progress = _watermarks.Items.ToList();
        if (restored.Count == 0)
        {
            // It may be given splits now that another reader was given in the other life: how far it had come with its own says nothing of them.
            return;
        }

        _output.Restore([.. restored.Select(split => (
            split.SplitId, progress.Where(item => item.SplitId == split.SplitId).Select(item => item.Watermark).DefaultIfEmpty(EventTime.MinWatermark).Max()))]);
        _reader!.AddSplits(restored);
        if (_isSameParallelism)
        {
            foreach (var (_, _, watermark) in progress.Where(item => item.Subtask == Context.SubtaskIndex && item.SplitId == Reader))
            {
                Advance(watermark);
            }
        }
    }

    private InputStatus Poll()
    {
        if (_ended || _stoppedBehind is not null || _reader is null)
        {
            return InputStatus.Empty;
        }

        if (_endRequested)
        {
            return End();
        }

        if (Waits)
        {
            // Hearing that the others have come further is mail, behind which the input is polled again.
            return InputStatus.Empty;
        }

        ReadStatus status;
        try
        {
            status = _reader!.Read(_output, Context.Options.BatchSize);
        }
        catch (Exception cause) when (cause is not (MillraceException or OperatorException))
        {
            throw Context.Failure(cause, "reading");
        }

        if (Context.Options.BufferTimeout == TimeSpan.Zero)
        {
            Flush();
        }

        switch (status)
        {
            case ReadStatus.MoreAvailable:
                return InputStatus.Progress;
            case ReadStatus.NothingAvailable:
                return InputStatus.Empty;
            default:
                return End();
        }
    }

    private InputStatus End()
    {
        _ended = true;
        (Context.Metrics.PendingRecords, Context.Metrics.PendingBytes) = (0, 0);
        Flush();
        if (_aligned is not null)
        {
            ReportWatermark();
        }

        Advance(EventTime.MaxWatermark);
        Forward(ControlElement.EndOfInput);
        return InputStatus.Ended;
    }

    private void AnnounceTime()
    {
        if (_idle && !_output.IsIdle)
        {
            _idle = false;
            Context.Metrics.IsIdle = false;
            Forward(ControlElement.Idle(false));
        }

        Advance(_output.Watermark);
        if (!_idle && _output.IsIdle)
        {
            _idle = true;
            Context.Metrics.IsIdle = true;
            Flush();
            Forward(ControlElement.Idle(true));
        }
    }

    private void Advance(long watermark)
    {
        if (watermark > CurrentWatermark)
        {
            // The records that led here go first.
            Flush();
            CurrentWatermark = watermark;
            Context.Metrics.Watermark = watermark;
            Forward(ControlElement.Watermark(watermark));
        }
    }

    /// <summary>The reader as an input of the task.</summary>
    private sealed class ReaderInput(SourceOperator<T, TSplit, TState> owner) : TaskInput
    {
        // A reader is no channel: nothing comes from it that must be waited for.
        public override bool IsClosed => owner._ended || owner._reader is null;

        public override InputStatus Poll() => owner.Poll();
    }
}
