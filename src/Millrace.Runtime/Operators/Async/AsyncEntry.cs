using System.Runtime.CompilerServices;
using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Operators.Async;

/// <summary>
/// A record that is under way in an asynchronous function, or whose result waits to come out; or a control element between such records. Of the subtask, but for <see cref="Continuation"/>.
/// </summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal sealed class AsyncEntry<TIn, TOut>
{
    private CancellationTokenSource? _cancellation;

    public AsyncEntry(Action<AsyncEntry<TIn, TOut>> completed) => Continuation = () => completed(this);

    /// <summary>Called by whoever completes the attempt, on any thread.</summary>
    public Action Continuation { get; }

    public AsyncEntry<TIn, TOut>? Previous { get; set; }

    public AsyncEntry<TIn, TOut>? Next { get; set; }

    /// <summary>The control element; null for a record.</summary>
    public ControlElement? Control { get; private set; }

    public TIn Value { get; private set; } = default!;

    public long Timestamp { get; private set; }

    public TOut Result { get; private set; } = default!;

    /// <summary>Which stretch between two control elements it belongs to.</summary>
    public long Segment { get; set; }

    /// <summary>When there must be a result, in milliseconds since 1970-01-01 UTC.</summary>
    public long Deadline { get; private set; }

    /// <summary>How often the function was called, from 1.</summary>
    public int Attempt { get; set; }

    /// <summary>Whether there is a result, or nobody wants one any more.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether the function failed and nothing comes out.</summary>
    public bool HasNoResult { get; set; }

    /// <summary>Whether an attempt has begun whose end has not been heard of.</summary>
    public bool IsRunning { get; set; }

    /// <summary>Whether another attempt is waited for.</summary>
    public bool AwaitsRetry { get; set; }

    public ValueTaskAwaiter<TOut> Awaiter { get; set; }

    public CancellationToken Token => (_cancellation ??= new CancellationTokenSource()).Token;

    /// <summary>Whether it can be used for another record.</summary>
    public bool IsReusable => Control is null && !IsRunning && !AwaitsRetry && _cancellation is not { IsCancellationRequested: true };

    public void Begin(TIn value, long timestamp, long deadline)
    {
        Value = value;
        Timestamp = timestamp;
        Deadline = deadline;
        Attempt = 1;
        IsOver = false;
        HasNoResult = false;
    }

    public void Begin(ControlElement control) => Control = control;

    public void Complete(TOut result)
    {
        Result = result;
        IsOver = true;
    }

    /// <summary>Nobody wants the result of the attempt any more.</summary>
    public void Abandon()
    {
        IsOver = true;
        try
        {
            _cancellation?.Cancel();
        }
        catch (AggregateException)
        {
            // Of what the function had registered with the token: nobody waits for its result or its error any more.
        }
    }

    /// <summary>Lets go what it refers to.</summary>
    public void Clear()
    {
        Value = default!;
        Result = default!;
        Awaiter = default;
    }
}
