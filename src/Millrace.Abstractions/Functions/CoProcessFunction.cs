namespace Millrace;

/// <summary>The general function over two connected streams without keys: sees timestamps and watermarks, emits any number of results and side outputs.</summary>
/// <remarks>Calls for both streams come one at a time, in no particular order between them. The watermark is the lesser of the two streams'.</remarks>
/// <typeparam name="TFirst">The type of the first stream.</typeparam>
/// <typeparam name="TSecond">The type of the second stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
public abstract class CoProcessFunction<TFirst, TSecond, TOut> : StreamFunction
{
    /// <summary>Processes one record of the first stream.</summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The record's timestamp, the time services and the side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void ProcessElement1(TFirst value, ProcessContext context, Collector<TOut> output);

    /// <summary>Processes one record of the second stream.</summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The record's timestamp, the time services and the side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void ProcessElement2(TSecond value, ProcessContext context, Collector<TOut> output);
}

/// <summary>
/// The general function over two connected streams of one key space: keyed state and timers that both streams share, side outputs. Joins of every
/// kind can be written with it.
/// </summary>
/// <remarks>
/// Calls for both streams and for timers come one at a time. Which of two records of a key comes first is not defined where they are of different streams: keep what comes
/// first in state until the other one is there, and set a timer for the case that it never comes.
/// </remarks>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TFirst">The type of the first stream.</typeparam>
/// <typeparam name="TSecond">The type of the second stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// sealed class MatchPayment : KeyedCoProcessFunction&lt;long, Order, Payment, string&gt;
/// {
///     private ValueState&lt;Order&gt; _order = null!;
///     private ValueState&lt;Payment&gt; _payment = null!;
///     public override void Open(RuntimeContext context)
///     {
///         _order = context.GetState(new ValueStateDescriptor&lt;Order&gt;("order"));
///         _payment = context.GetState(new ValueStateDescriptor&lt;Payment&gt;("payment"));
///     }
///     public override void ProcessElement1(Order order, KeyedProcessContext&lt;long&gt; context, Collector&lt;string&gt; output)
///     {
///         if (_payment.TryGet(out var payment)) { output.Collect($"{order.Id} paid {payment.Amount}"); _payment.Clear(); return; }
///         _order.Value = order;
///         context.Timers.RegisterEventTimeTimer(context.Timestamp + 3_600_000);
///     }
///     public override void ProcessElement2(Payment payment, KeyedProcessContext&lt;long&gt; context, Collector&lt;string&gt; output)
///     {
///         if (_order.TryGet(out var order)) { output.Collect($"{order.Id} paid {payment.Amount}"); _order.Clear(); return; }
///         _payment.Value = payment;
///     }
///     public override void OnTimer(long timestamp, KeyedTimerContext&lt;long&gt; context, Collector&lt;string&gt; output)
///     {
///         if (_order.Exists) { output.Collect($"{context.CurrentKey} is not paid"); _order.Clear(); }
///     }
/// }
/// </code>
/// </example>
public abstract class KeyedCoProcessFunction<TKey, TFirst, TSecond, TOut> : StreamFunction
    where TKey : notnull
{
    /// <summary>Processes one record of the first stream; its key is the current key.</summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The key, the timestamp, timers and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void ProcessElement1(TFirst value, KeyedProcessContext<TKey> context, Collector<TOut> output);

    /// <summary>Processes one record of the second stream; its key is the current key.</summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The key, the timestamp, timers and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void ProcessElement2(TSecond value, KeyedProcessContext<TKey> context, Collector<TOut> output);

    /// <summary>Called once for every timer that falls due, with the timer's key as the current key. Results of an event-time timer get its time as their timestamp, those of a processing-time timer none.</summary>
    /// <param name="timestamp">The time the timer was registered for, in milliseconds since 1970-01-01 UTC.</param>
    /// <param name="context">The key, the kind of timer, timers and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public virtual void OnTimer(long timestamp, KeyedTimerContext<TKey> context, Collector<TOut> output)
    {
    }
}
