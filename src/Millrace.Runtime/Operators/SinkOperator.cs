using System.Collections.Concurrent;
using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>What a sink gives to the next operator: nothing.</summary>
internal readonly struct Nothing;

/// <summary>
/// The end of a stream. Writing may be asynchronous: while a write is under way, what comes waits here, and the task takes no more input.
/// Completion comes back through the mailbox.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal class SinkOperator<T>(Sink<T> sink) : StreamOperator<T, Nothing>, ISinkOperator
{
    private readonly Queue<Func<ValueTask>> _steps = new();

    // Of what is under way, by any thread.
    private readonly ConcurrentQueue<(Exception Cause, T Record, long Timestamp)> _rejected = new();

    // Since the last flush before a barrier.
    private bool _hasWritten;
    private bool _busy;
    private Task _current = Task.CompletedTask;
    private Exception? _failure;

    public override bool IsUnfinished => _busy || _steps.Count > 0 || _failure is not null;

    public bool IsBusy => IsUnfinished;

    protected SinkWriter<T>? Writer { get; private set; }

    public override void Open()
    {
        if (_steps.Count == 0)
        {
            OpenWriter();
            return;
        }

        Enqueue(() =>
        {
            OpenWriter();
            return default;
        });
        Resume();
    }

    // A writer may keep state, but to know which it would have to be made, and so a connection.
    public override void OpenState()
    {
    }

    public override void PrepareBarrier()
    {
        // A writer may find out only by flushing that a record is refused. Its dead letter belongs before the barrier, as the record does.
        if (_hasWritten && SideOutputs.Any && Writer is not null)
        {
            EnqueueFlush();
            Resume();
        }
    }

    public override void Snapshot(PendingOperatorSnapshot snapshot)
    {
        if (Writer is null)
        {
            base.Snapshot(snapshot);
            return;
        }

        // What was written before the barrier leaves the process, or is prepared, before the snapshot is whole; what comes behind it waits.
        snapshot.Defer();
        Enqueue(async () =>
        {
            await Writer!.FlushAsync(HasInputEnded, Context.CancellationToken).ConfigureAwait(false);
            await PrepareSnapshotAsync(snapshot.Barrier).ConfigureAwait(false);
        });
        Enqueue(() =>
        {
            CompleteSnapshot(snapshot.Barrier);
            Writer!.SnapshotState(snapshot.Barrier.CheckpointId);
            base.Snapshot(snapshot);
            snapshot.Complete();
            return default;
        });
        Resume();
    }

    public sealed override void Receive(RecordBatch<T> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        _hasWritten = true;
        if (IsUnfinished)
        {
            EnqueueWrite(batch);
            return;
        }

        Begin(WriteAsync(batch));
    }

    public override void Resume()
    {
        if (_failure is { } failure)
        {
            throw failure;
        }

        while (!_busy && _steps.TryDequeue(out var step))
        {
            Context.Pressure.Waiting--;
            Begin(step());
        }
    }

    public override async ValueTask CloseAsync()
    {
        if (Writer is { } writer)
        {
            Writer = null;

            // Calls come one at a time: what is under way ends first. Its error is known already, or comes of the cancellation.
            await _current.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
            try
            {
                await writer.CloseAsync().ConfigureAwait(false);
            }
            catch (Exception cause) when (cause is not MillraceException)
            {
                throw Context.Failure(cause, "closing the writer");
            }
        }
    }

    /// <summary>Whether the input has ended.</summary>
    protected bool HasInputEnded { get; private set; }

    /// <summary>Prepares what is to be committed with a checkpoint.</summary>
    protected virtual ValueTask PrepareSnapshotAsync(CheckpointBarrier barrier) => default;

    /// <summary>Takes note of what was prepared, on the subtask's turn.</summary>
    protected virtual void CompleteSnapshot(CheckpointBarrier barrier)
    {
    }

    protected SinkWriterContext CreateContext() => new(
        Context.JobName, Context.OperatorName, Context.OperatorUid, Context.SubtaskIndex, Context.Parallelism, Context.TimeProvider, Context.Logger)
    {
        CheckpointingEnabled = Context.TakesCheckpoints,
        JobId = Context.JobId,
        Epoch = Context.Epoch,
        RestoredCheckpointId = Context.RestoredCheckpointId,
        State = Context.OperatorState,
        Errors = new Rejections(this),
    };

    protected virtual SinkWriter<T> CreateWriter(SinkWriterContext context) => sink.CreateWriter(context);

    protected sealed override void OnWatermark(long timestamp)
    {
        AdvanceWatermark(timestamp);
        if (!IsUnfinished)
        {
            SideOutputs.FlushAndControl(ControlElement.Watermark(timestamp));
        }
        else if (SideOutputs.Any)
        {
            // Behind the dead letters of what is being written: they must not be late.
            EnqueueControl(ControlElement.Watermark(timestamp));
        }
    }

    protected sealed override void OnLatencyMarker(in ControlElement marker) =>
        Context.Latency.Record(TimeSpan.FromTicks(Context.TimeProvider.GetUtcNow().UtcTicks - marker.Value));

    protected sealed override void OnEndOfInput()
    {
        HasInputEnded = true;
        EnqueueFlush();
        EnqueueCommit(endOfInput: true);
        if (SideOutputs.Any)
        {
            EnqueueControl(ControlElement.EndOfInput);
        }

        Resume();
    }

    private void EnqueueControl(ControlElement element) => Enqueue(() =>
    {
        SideOutputs.FlushAndControl(element);
        return default;
    });

    /// <summary>Has what the writer has prepared made visible.</summary>
    protected virtual void EnqueueCommit(bool endOfInput)
    {
    }

    /// <summary>Something to do when all before it is done.</summary>
    protected void Enqueue(Func<ValueTask> step)
    {
        _steps.Enqueue(step);
        Context.Pressure.Waiting++;
    }

    private void EnqueueFlush()
    {
        _hasWritten = false;
        Enqueue(() => Writer!.FlushAsync(HasInputEnded, Context.CancellationToken));
    }

    private void OpenWriter()
    {
        try
        {
            Writer = CreateWriter(CreateContext());
        }
        catch (Exception cause) when (cause is not MillraceException)
        {
            throw Context.Failure(cause, "opening the writer");
        }
    }

    // A method of its own: the closure would be allocated for every batch, also those that do not wait.
    private void EnqueueWrite(RecordBatch<T> batch) => Enqueue(() => WriteAsync(batch));

    private async ValueTask WriteAsync(RecordBatch<T> batch)
    {
        int start = 0;
        while (start < batch.Count)
        {
            try
            {
                var write = Writer!.WriteAsync(
                    new SinkBatch<T>(batch.Values.AsMemory(start, batch.Count - start), batch.Timestamps.AsMemory(start, batch.Count - start)), Context.CancellationToken);
                await write.ConfigureAwait(false);
                break;
            }
            catch (RecordWriteException failure) when (failure.Index < batch.Count - start)
            {
                int index = start + failure.Index;
                var cause = failure.InnerException!;
                if (Errors.IsToFail(cause))
                {
                    Errors.OnRecord(cause, batch.Values[index], batch.Timestamps[index], null, FailureStage.Write, 0, "writing a record");
                }

                // Dealt with on the subtask's turn, when the write is over: this may be any thread.
                _rejected.Enqueue((cause, batch.Values[index], batch.Timestamps[index]));
                start = index + 1;
            }
        }

        BatchPool<T>.Return(batch);
    }

    private void Begin(ValueTask work)
    {
        if (work.IsCompleted)
        {
            Complete(work.AsTask());
            if (_failure is { } failure)
            {
                throw failure;
            }

            return;
        }

        _busy = true;
        Context.Pressure.Waiting++;
        _current = work.AsTask();
        _ = _current.ContinueWith(
            done => Context.Mailbox.Post(() =>
            {
                _busy = false;
                Context.Pressure.Waiting--;
                Complete(done);

                // At once: another sink of the task may be busy for long, and with it the task.
                Resume();
            }),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void Complete(Task work)
    {
        while (_rejected.TryDequeue(out var rejected))
        {
            Errors.OnRecord(rejected.Cause, rejected.Record, rejected.Timestamp, null, FailureStage.Write, 0, "writing a record");
        }

        if (work.IsCanceled)
        {
            _failure = new OperationCanceledException();
        }
        else if (work.Exception is { } error)
        {
            var cause = error.InnerException ?? error;
            _failure = cause is MillraceException or OperatorException ? cause : Context.Failure(cause, "writing");
        }
    }

    private sealed class Rejections(SinkOperator<T> owner) : SinkErrors
    {
        public override bool LeavesOut => !owner.Errors.Fails;

        public override void Reject<TRecord>(TRecord record, long timestamp, Exception cause)
        {
            ArgumentNullException.ThrowIfNull(cause);
            owner._rejected.Enqueue((cause, (T)(object?)record!, timestamp));
        }
    }
}
