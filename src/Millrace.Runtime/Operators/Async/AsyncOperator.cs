using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.State.Operator;
using Millrace.State;

namespace Millrace.Runtime.Operators.Async;

/// <summary>
/// Calls an asynchronous function for every record, for many at once, and brings the results into an order. Semantics: Flink's AsyncWaitOperator
/// (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/datastream/operators/asyncio/).
/// </summary>
/// <remarks>
/// Records that are under way, or whose results wait to come out, are part of every snapshot, and begin anew after a restore. Watermarks keep their place among the records. A snapshot
/// waits for no result. Timeouts and retries go by a timer of the operator's own and not by the subtask's clock, which stands still while the task takes no input: just then they are needed.
/// </remarks>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Close disposes of the timer.")]
internal sealed partial class AsyncOperator<TIn, TOut> : CollectingOperator<TIn, TOut>
{
    private const string StateName = ".async-in-flight";

    private readonly Func<TIn, CancellationToken, ValueTask<TOut>> _invoke;
    private readonly AsyncOptions<TIn, TOut> _options;
    private readonly long _timeout;

    // What has come and is not begun: batches, and control elements behind them. How far the first batch is begun.
    private readonly Queue<Input> _inputs = new();
    private int _position;

    private readonly AsyncEntries<TIn, TOut> _entries = new();
    private readonly Stack<AsyncEntry<TIn, TOut>> _free = new();
    private int _records;
    private long _firstSegment;
    private long _lastSegment;
    private readonly PriorityQueue<AsyncEntry<TIn, TOut>, long> _retries = new();
    private bool _blocks;
    private bool _hasEnded;

    // Attempts that have ended and have not been looked at. Of any thread.
    private readonly ConcurrentQueue<AsyncEntry<TIn, TOut>> _completed = new();
    private readonly Action _deliver;
    private int _isDeliveryPosted;
    private int _running;
    private volatile TaskCompletionSource? _allEnded;

    private OperatorListState<(TIn Value, long Timestamp)>? _state;
    private ITimer? _timer;
    private long _timerAt = long.MaxValue;

    /// <param name="invoke">The function.</param>
    /// <param name="function">Where it has a lifecycle.</param>
    /// <param name="options">Order, capacity, timeout, retries.</param>
    public AsyncOperator(Func<TIn, CancellationToken, ValueTask<TOut>> invoke, AsyncFunction<TIn, TOut>? function, AsyncOptions<TIn, TOut> options)
        : base(function)
    {
        _invoke = invoke;
        _options = options;
        _timeout = options.Timeout == Timeout.InfiniteTimeSpan ? long.MaxValue : Math.Max(1, (long)options.Timeout.TotalMilliseconds);
        _deliver = Deliver;
    }

    private readonly record struct Input(RecordBatch<TIn>? Batch, ControlElement Control);

    protected override RuntimeContext CreateRuntimeContext() => new OperatorRuntimeContext(Context, isConcurrent: true);

    public override void Open()
    {
        base.Open();
        _timer = Context.TimeProvider.CreateTimer(_ => Context.Mailbox.Post(OnTimer), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (Context.OperatorState is not OperatorStateBackend state || !Context.TakesCheckpoints)
        {
            return;
        }

        _state = state.GetList(StateName, Redistribution.Split, Context.Serializers.Get<(TIn Value, long Timestamp)>());
        RecordBatch<TIn>? batch = null;
        foreach (var (value, timestamp) in _state.Items)
        {
            if (batch is null || batch.Count == Context.Options.BatchSize)
            {
                batch = BatchPool<TIn>.Rent(Context.Options.BatchSize);
                _inputs.Enqueue(new Input(batch, default));
            }

            batch.Add(value, timestamp);
        }

        if (_inputs.Count > 0)
        {
            // In front of everything that comes, and not before whoever is behind is open too.
            Block();
            Context.Mailbox.Post(Advance);
        }
    }

    public override void Receive(RecordBatch<TIn> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        _inputs.Enqueue(new Input(batch, default));
        Fill();
        Block();
    }

    public override void Snapshot(PendingOperatorSnapshot snapshot)
    {
        _state?.Update(UnderWay());
        base.Snapshot(snapshot);
    }

    public override void Close()
    {
        _timer?.Dispose();
        for (var entry = _entries.First; entry is not null; entry = entry.Next)
        {
            entry.Abandon();
        }

        base.Close();
    }

    public override ValueTask CloseAsync()
    {
        // Attempts that were called off are waited for: a function that is closed is not running any more.
        var allEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _allEnded = allEnded;

        // Either the last attempt sees that its end is waited for, or its end is seen here.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _running) == 0)
        {
            allEnded.TrySetResult();
        }

        return new ValueTask(allEnded.Task);
    }

    protected override void OnWatermark(long timestamp) => Take(ControlElement.Watermark(timestamp));

    protected override void OnIdle(bool idle) => Take(ControlElement.Idle(idle));

    protected override void OnEndOfInput()
    {
        _hasEnded = true;
        Take(ControlElement.EndOfInput);
    }

    private void Take(in ControlElement control)
    {
        _inputs.Enqueue(new Input(null, control));
        Fill();
        Block();
    }

    /// <summary>Goes on when something has come about.</summary>
    private void Advance()
    {
        Fill();
        Block();
        Collector.Flush();
    }

    /// <summary>Begins what there is room for.</summary>
    private void Fill()
    {
        while (_inputs.TryPeek(out var input))
        {
            if (input.Batch is not { } batch)
            {
                _inputs.Dequeue();
                Add(input.Control);
                continue;
            }

            while (_position < batch.Count && _records < _options.Capacity)
            {
                int index = _position++;
                Begin(batch.Values[index], batch.Timestamps[index]);
            }

            if (_position < batch.Count)
            {
                return;
            }

            _inputs.Dequeue();
            _position = 0;
            BatchPool<TIn>.Return(batch);
        }
    }

    // While something waits, or while results are waited for behind the end of the input, the task takes nothing more and does not end.
    private void Block()
    {
        bool blocks = _inputs.Count > 0 || (_hasEnded && _entries.First is not null);
        if (blocks != _blocks)
        {
            _blocks = blocks;
            Context.Pressure.Waiting += blocks ? 1 : -1;
        }
    }

    private void Add(in ControlElement control)
    {
        if (_entries.First is null)
        {
            Emit(control);
            return;
        }

        var entry = new AsyncEntry<TIn, TOut>(Completed);
        entry.Begin(control);
        _entries.Add(entry);
        _lastSegment++;
    }

    private void Begin(TIn value, long timestamp)
    {
        long now = Context.MonotonicTime;
        var entry = _free.TryPop(out var free) ? free : new AsyncEntry<TIn, TOut>(Completed);
        entry.Begin(value, timestamp, _timeout == long.MaxValue ? long.MaxValue : now + _timeout);
        entry.Segment = _lastSegment;
        _entries.Add(entry);
        _records++;
        Invoke(entry);
        if (!entry.IsOver && entry.Deadline < _timerAt)
        {
            SetTimer(entry.Deadline, now);
        }
    }

    private void Invoke(AsyncEntry<TIn, TOut> entry)
    {
        ValueTask<TOut> work;
        try
        {
            work = _invoke(entry.Value, entry.Token);
        }
        catch (Exception cause)
        {
            Failed(entry, cause);
            return;
        }

        entry.Awaiter = work.GetAwaiter();
        if (entry.Awaiter.IsCompleted)
        {
            Finish(entry);
            return;
        }

        entry.IsRunning = true;
        Interlocked.Increment(ref _running);
        entry.Awaiter.UnsafeOnCompleted(entry.Continuation);
    }

    // On any thread.
    private void Completed(AsyncEntry<TIn, TOut> entry)
    {
        _completed.Enqueue(entry);
        if (Interlocked.Exchange(ref _isDeliveryPosted, 1) == 0)
        {
            Context.Mailbox.Post(_deliver);
        }

        if (Interlocked.Decrement(ref _running) == 0)
        {
            _allEnded?.TrySetResult();
        }
    }

    private void Deliver()
    {
        // First, so that who comes while the queue is being emptied has it emptied once more.
        Volatile.Write(ref _isDeliveryPosted, 0);
        Interlocked.MemoryBarrier();
        while (_completed.TryDequeue(out var entry))
        {
            entry.IsRunning = false;
            if (entry.IsOver)
            {
                Forget(entry);
                continue;
            }

            Finish(entry);
        }

        Advance();
    }

    /// <summary>The attempt came too late: its result or error is looked at by nobody.</summary>
    private void Forget(AsyncEntry<TIn, TOut> entry)
    {
        try
        {
            _ = entry.Awaiter.GetResult();
        }
        catch (Exception exception)
        {
            Diagnostics.Log.LateAsyncFailure(Context.Logger, exception, Context.SubtaskName);
        }

        entry.Clear();
    }

    private void Finish(AsyncEntry<TIn, TOut> entry)
    {
        TOut result;
        try
        {
            result = entry.Awaiter.GetResult();
        }
        catch (Exception cause)
        {
            Failed(entry, cause);
            return;
        }

        if (_options.Retry is { } retry && entry.Attempt < retry.MaxAttempts && Asks(retry.OnResult, result, "in OnResult of its retries"))
        {
            TryAgain(entry, retry);
            return;
        }

        Complete(entry, result);
    }

    private void Failed(AsyncEntry<TIn, TOut> entry, Exception cause)
    {
        if (cause is MillraceException)
        {
            throw cause;
        }

        if (_options.Retry is { } retry && Asks(retry.OnException, cause, "in OnException of its retries"))
        {
            if (entry.Attempt < retry.MaxAttempts)
            {
                TryAgain(entry, retry);
                return;
            }

            GiveUp(entry, cause, $"on a record, in the last of {retry.MaxAttempts} attempts");
            return;
        }

        GiveUp(entry, cause, "on a record");
    }

    /// <summary>Goes on without a record's result, if the policy says so.</summary>
    private void GiveUp(AsyncEntry<TIn, TOut> entry, Exception cause, string during)
    {
        if (!OperatorErrors.MayBeOfUserCode(cause))
        {
            ExceptionDispatchInfo.Throw(cause);
        }

        Errors.OnRecord(cause, entry.Value, entry.Timestamp, during: during);
        entry.HasNoResult = true;
        Complete(entry, default!);
    }

    // No lambda with the result in it: that would be an object for every record, also where there are no retries.
    private bool Asks<T>(Func<T, bool> ask, T about, string during)
    {
        try
        {
            return ask(about);
        }
        catch (Exception cause) when (cause is not MillraceException)
        {
            throw Context.Failure(cause, during);
        }
    }

    private void Complete(AsyncEntry<TIn, TOut> entry, TOut result)
    {
        entry.Complete(result);
        if (_options.Order == AsyncOrder.Unordered && entry.Segment == _firstSegment)
        {
            Emit(entry);
        }

        // Whoever waited for this one.
        while (_entries.First is { } first)
        {
            if (first.Control is { } control)
            {
                _entries.Remove(first);
                _firstSegment++;
                Emit(control);
                EmitSegment();
            }
            else if (first.IsOver && _options.Order == AsyncOrder.Ordered)
            {
                Emit(first);
            }
            else
            {
                break;
            }
        }
    }

    /// <summary>Results that had only waited for a control element.</summary>
    private void EmitSegment()
    {
        if (_options.Order == AsyncOrder.Ordered)
        {
            return;
        }

        AsyncEntry<TIn, TOut>? next;
        for (var entry = _entries.First; entry is { Control: null }; entry = next)
        {
            next = entry.Next;
            if (entry.IsOver)
            {
                Emit(entry);
            }
        }
    }

    private void Emit(AsyncEntry<TIn, TOut> entry)
    {
        _entries.Remove(entry);
        _records--;
        if (!entry.HasNoResult)
        {
            Collector.Collect(entry.Result, entry.Timestamp);
        }

        if (entry.IsReusable)
        {
            entry.Clear();
            _free.Push(entry);
        }
    }

    private void Emit(in ControlElement control)
    {
        switch (control.Kind)
        {
            case ElementKind.Watermark:
                base.OnWatermark(control.Value);
                break;
            case ElementKind.Idle:
                base.OnIdle(control.Value != 0);
                break;
            default:
                base.OnEndOfInput();
                break;
        }
    }

    private IEnumerable<(TIn Value, long Timestamp)> UnderWay()
    {
        for (var entry = _entries.First; entry is not null; entry = entry.Next)
        {
            if (entry.Control is null)
            {
                yield return (entry.Value, entry.Timestamp);
            }
        }

        int position = _position;
        foreach (var (batch, _) in _inputs)
        {
            for (; batch is not null && position < batch.Count; position++)
            {
                yield return (batch.Values[position], batch.Timestamps[position]);
            }

            position = 0;
        }
    }
}
