using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;

namespace Millrace.Runtime.Tasks;

/// <summary>
/// One parallel instance of a task: a mailbox actor that opens its operators, feeds them from its inputs while there is input and credit, and
/// closes them, whatever happened.
/// </summary>
internal sealed partial class Subtask : Actor, ISubtaskHandle
{
    // About a quantum of 500 µs: long enough that switching costs nothing, short enough that nobody waits.
    private static readonly TimeSpan Quantum = TimeSpan.FromMicroseconds(500);

    private readonly ISubtaskListener _listener;
    private readonly ISnapshotListener? _snapshots;
    private readonly ExecutionOptions _options;
    private readonly CancellationTokenSource _cancellation = new();
    private readonly Func<Subtask, OperatorChain> _build;
    private OperatorChain _chain = new([], [], []);
    private IReadOnlyList<StreamOperator> _operators = [];
    private bool[] _ended = [];
    private int _openInputs;
    private Phase _phase = Phase.Created;
    private Exception? _error;
    private ITimer? _timer;
    private long _timerDue = long.MaxValue;
    private long _lastFlush;
    private bool _dirty;
    private bool _unflushed;
    private bool _finishRequested;
    private bool _saidClosed;
    private bool _errorReported;
    private volatile bool _cancelRequested;
    private Task _closing = Task.CompletedTask;

    /// <param name="id">Which subtask this is.</param>
    /// <param name="name">For people: task name and index.</param>
    /// <param name="scheduler">Runs the subtask.</param>
    /// <param name="placement">Where it runs.</param>
    /// <param name="options">The job's options.</param>
    /// <param name="listener">Hears how the subtask fares.</param>
    /// <param name="build">Makes the operators; called on the subtask's own turn.</param>
    /// <param name="createCheckpoints">Makes its part in checkpoints; null where there are none.</param>
    public Subtask(
        SubtaskId id,
        string name,
        ITaskScheduler scheduler,
        ActorPlacement placement,
        ExecutionOptions options,
        ISubtaskListener listener,
        Func<Subtask, OperatorChain> build,
        Func<Subtask, SubtaskCheckpoints>? createCheckpoints = null)
        : base(scheduler, placement)
    {
        Id = id;
        Description = name;
        _options = options;
        _listener = listener;
        _snapshots = listener as ISnapshotListener;
        _build = build;
        Mailbox = new Mailbox(this);
        Time = new TimeAccount(scheduler.TimeProvider);
        Checkpoints = createCheckpoints?.Invoke(this);
    }

    private enum Phase
    {
        Created,

        /// <summary>State is read in the background.</summary>
        Restoring,
        Running,

        /// <summary>All inputs have ended; what is unfinished or waits for credit is worked off.</summary>
        Finishing,

        /// <summary>Everything is worked off. With checkpoints the subtask stays for one that says so.</summary>
        Drained,

        /// <summary>Functions are closed; asynchronous closing goes on.</summary>
        Closing,
        Ended,
    }

    public SubtaskId Id { get; }

    public override string Description { get; }

    public Mailbox Mailbox { get; }

    public TimeAccount Time { get; }

    public TaskPressure Pressure { get; } = new();

    /// <summary>The subtask's part in checkpoints; null where there are none.</summary>
    public SubtaskCheckpoints? Checkpoints { get; }

    /// <summary>The application's services, which are disposed when all functions are closed.</summary>
    public SubtaskServices Services { get; init; } = new(null);

    /// <summary>Reads state into the operators before they are opened; null where the subtask begins anew. Not called on the subtask's turn.</summary>
    public Action<OperatorChain>? Restore { get; init; }

    /// <summary>Whether the subtask had come to its end before the checkpoint that it is restored from: it passes the end on, and commits.</summary>
    public bool IsRestoredFinished { get; init; }

    public CancellationToken CancellationToken => _cancellation.Token;

    public IReadOnlyList<StreamOperator> Operators => _operators;

    /// <summary>Ends the subtask as soon as it looks. Safe to call from any thread.</summary>
    public void Cancel()
    {
        _cancelRequested = true;
        Scheduler.Cancel(_cancellation);
        Wake();
    }

    public string Abandon()
    {
        string stack = Scheduler.CaptureStack(this);
        Scheduler.Abandon(this);
        return stack;
    }

    /// <summary>Where the subtask stands, for people who look for the reason of a standstill. A glance: taken on any thread, without stopping the subtask.</summary>
    public string Status => $"{_phase}{(Pressure.IsBlocked ? $", {Pressure.Waiting} waiting for credit" : "")}{(_chain.FindUnfinished() is { } busy ? $", {busy.Context.OperatorName} is busy" : "")}"
        + $"{(_finishRequested ? ", told to finish" : "")}{(Checkpoints is { } checkpoints ? checkpoints.Status : "")}";

    protected override RunResult Run()
    {
        Time.Switch(TimeUse.Busy);
        try
        {
            if (_phase < Phase.Closing)
            {
                Work();
            }
        }
        catch (Exception error)
        {
            BeginClosing(error);
        }

        if (_phase == Phase.Closing && _closing.IsCompleted)
        {
            End();
        }

        return Outcome();
    }

    /// <summary>What the run leaves behind, as the scheduler and the time account see it.</summary>
    private RunResult Outcome()
    {
        if (_phase == Phase.Ended)
        {
            Time.Switch(null);
            return RunResult.Done;
        }

        if (_phase is Phase.Closing or Phase.Restoring)
        {
            return RunResult.Wait;
        }

        if (Pressure.IsBlocked)
        {
            // Nothing is done by the clock while nobody takes the output; whoever does take it wakes the subtask. A timer that is overdue
            // would only spin.
            Time.Switch(TimeUse.Backpressured);
            SetTimer(Math.Min(FlushDue(), CheckpointsDue()));
            return RunResult.Wait;
        }

        if (_dirty)
        {
            return RunResult.Yield;
        }

        Time.Switch(TimeUse.Idle);
        SetTimer(Math.Min(_chain.NextTimer(), CheckpointsDue()));
        return RunResult.Wait;
    }

    /// <summary>Works until there is nothing to do, nobody takes the output, or the quantum is over. Leaves <see cref="_dirty"/> if there is more.</summary>
    private void Work()
    {
        if (_phase == Phase.Created)
        {
            if (_cancelRequested)
            {
                BeginClosing(null);
                return;
            }

            Build();
        }

        if (_phase == Phase.Restoring)
        {
            Mailbox.Drain();
            if (_phase == Phase.Restoring)
            {
                return;
            }
        }

        var time = Scheduler.TimeProvider;
        long start = time.GetTimestamp();
        _dirty = false;
        while (true)
        {
            if (_cancelRequested)
            {
                BeginClosing(null);
                return;
            }

            if (Mailbox.Drain())
            {
                // It may have made an operator emit.
                _unflushed = true;
            }

            _chain.Drain();
            TakeSnapshots();
            if (IsToStop())
            {
                BeginClosing(null);
                return;
            }

            if (Pressure.IsBlocked)
            {
                // A sink that was busy may be done: it alone can go on while others wait.
                ResumeUnfinished();
                if (Pressure.IsBlocked)
                {
                    // Channels that are not full must not wait for the one that is.
                    FlushIfDue(time.GetTimestamp());
                    return;
                }
            }

            FireProcessingTime();
            var step = Step();
            if (step == InputStatus.Ended || _phase == Phase.Closing)
            {
                return;
            }

            if (step == InputStatus.Empty)
            {
                Flush(time.GetTimestamp());
                return;
            }

            _chain.HandOn();
            _unflushed = true;

            long now = time.GetTimestamp();
            if (time.GetElapsedTime(start, now) >= Quantum)
            {
                FlushIfDue(now);
                _dirty = true;
                return;
            }
        }
    }

    private void FlushIfDue(long now)
    {
        if (_unflushed && Scheduler.TimeProvider.GetElapsedTime(_lastFlush, now) >= _options.BufferTimeout)
        {
            Flush(now);
        }
    }

    private void Flush(long now)
    {
        _chain.Flush();
        _lastFlush = now;
        _unflushed = false;
    }

    /// <summary>When what is gathered must be handed on, in milliseconds since 1970-01-01 UTC.</summary>
    private long FlushDue()
    {
        if (!_unflushed)
        {
            return long.MaxValue;
        }

        var time = Scheduler.TimeProvider;
        var left = _options.BufferTimeout - time.GetElapsedTime(_lastFlush, time.GetTimestamp());
        return time.GetUtcNow().ToUnixTimeMilliseconds() + (long)Math.Ceiling(Math.Max(0, left.TotalMilliseconds)) + 1;
    }

    /// <summary>Interrupted work first, then a piece of input.</summary>
    private InputStatus Step()
    {
        if (ResumeUnfinished())
        {
            return InputStatus.Progress;
        }

        if (_phase == Phase.Drained && _finishRequested && Leave())
        {
            return _phase == Phase.Closing ? InputStatus.Ended : InputStatus.Progress;
        }

        if (_phase == Phase.Finishing)
        {
            _chain.Flush();
            if (Pressure.IsBlocked || _chain.FindUnfinished() is not null)
            {
                return InputStatus.Progress;
            }

            if (Checkpoints is null)
            {
                BeginClosing(null);
                return InputStatus.Ended;
            }

            _phase = Phase.Drained;
            _snapshots?.Drained(Id);

            // A barrier may have waited for this, and nobody else will wake the subtask for it.
            return InputStatus.Progress;
        }

        bool progress = false;
        for (int i = 0; i < _ended.Length && !Pressure.IsBlocked && _chain.FindUnfinished() is null; i++)
        {
            // Behind the end of the input there may be barriers.
            if (Checkpoints is null ? _ended[i] : _chain.Inputs[i].IsClosed)
            {
                continue;
            }

            var status = _chain.Inputs[i].Poll();
            progress |= status != InputStatus.Empty;
            if (status == InputStatus.Ended)
            {
                _ended[i] = true;
                _openInputs--;
            }
        }

        if (_openInputs == 0 && _phase == Phase.Running)
        {
            _phase = Phase.Finishing;
            return InputStatus.Progress;
        }

        return progress ? InputStatus.Progress : InputStatus.Empty;
    }

    private bool ResumeUnfinished()
    {
        if (_chain.FindUnfinished() is not { } unfinished)
        {
            return false;
        }

        unfinished.Resume();
        return true;
    }

    private void FireProcessingTime()
    {
        if (_chain.FindUnfinished() is not null)
        {
            return;
        }

        for (int i = 0; i < _chain.Operators.Count; i++)
        {
            _chain.Operators[i].FireProcessingTime();
        }
    }

    /// <summary>Closes all operators. An error in closing counts where there was none before.</summary>
    private void BeginClosing(Exception? error)
    {
        if (_phase >= Phase.Closing)
        {
            return;
        }

        _error = error;
        _phase = Phase.Closing;
        if (error is not null && !IsOfCancellation(error))
        {
            // Said before functions are closed: one that does not come back from closing must not keep the job from hearing of the error.
            _errorReported = true;
            _listener.SubtaskChanged(Id, SubtaskState.Canceling, error);
        }

        if (error is not null || _cancelRequested)
        {
            Scheduler.Cancel(_cancellation);
        }

        Checkpoints?.Dispose();
        List<Task> closing = [];
        foreach (var op in _operators)
        {
            try
            {
                op.Context?.UserMetrics.End();
                op.Close();
                closing.Add(op.CloseAsync().AsTask());
            }
            catch (Exception failure)
            {
                _error ??= failure;
            }
        }

        _closing = Services.HasProvider ? Services.DisposeAfterAsync(Task.WhenAll(closing)) : Task.WhenAll(closing);
        if (!_closing.IsCompleted)
        {
            _ = _closing.ContinueWith(
                static (_, state) => ((Subtask)state!).Wake(), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private void End()
    {
        _phase = Phase.Ended;
        _timer?.Dispose();
        if (_closing.Exception is { } failure)
        {
            _error ??= failure.InnerException ?? failure;
        }
        else if (_closing.IsCanceled)
        {
            _error ??= new OperationCanceledException("Closing was cancelled.");
        }

        bool cancelled = _error is null ? _cancelRequested : IsOfCancellation(_error);
        var state = cancelled ? SubtaskState.Canceled : _error is not null ? SubtaskState.Failed : SubtaskState.Finished;
        _listener.SubtaskChanged(Id, state, state == SubtaskState.Failed && !_errorReported ? _error : null);
    }

    /// <summary>Whether an error says no more than that the subtask was cancelled: a function may well throw because of it.</summary>
    private bool IsOfCancellation(Exception error) =>
        _cancelRequested && error is (OperationCanceledException or OperatorException { InnerException: OperationCanceledException });

    private void SetTimer(long due)
    {
        if (due == _timerDue || due == long.MaxValue)
        {
            return;
        }

        var time = Scheduler.TimeProvider;
        long wait = Math.Clamp(due - time.GetUtcNow().ToUnixTimeMilliseconds(), 0, int.MaxValue);
        _timer ??= time.CreateTimer(static state => ((Subtask)state!).TimerFired(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timerDue = due;
        _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
    }

    private void TimerFired()
    {
        Volatile.Write(ref _timerDue, long.MaxValue);
        Wake();
    }
}
