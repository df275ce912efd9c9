using Millrace.State;

namespace Millrace;

/// <summary>
/// The function over a stream without keys that is connected with a broadcast stream: every subtask sees all broadcast records and a part of the others.
/// </summary>
/// <typeparam name="TIn">The type of the stream.</typeparam>
/// <typeparam name="TBroadcast">The type of the broadcast stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// sealed class Convert : BroadcastProcessFunction&lt;Price, Rate, Price&gt;
/// {
///     public static readonly MapStateDescriptor&lt;string, decimal&gt; Rates = new("rates");
///     public override void ProcessElement(Price price, ReadOnlyBroadcastContext context, Collector&lt;Price&gt; output)
///     {
///         if (context.GetBroadcastState(Rates).TryGet(price.Currency, out decimal rate)) output.Collect(price.In("EUR", rate));
///     }
///     public override void ProcessBroadcastElement(Rate rate, BroadcastContext context, Collector&lt;Price&gt; output) =&gt;
///         context.GetBroadcastState(Rates).Put(rate.Currency, rate.Value);
/// }
/// prices.Connect(rates.Broadcast(Convert.Rates)).Process(() =&gt; new Convert());
/// </code>
/// </example>
public abstract class BroadcastProcessFunction<TIn, TBroadcast, TOut> : StreamFunction
{
    /// <summary>Processes one record of the stream that is not broadcast. Broadcast state can be read only.</summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The timestamp, broadcast state and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void ProcessElement(TIn value, ReadOnlyBroadcastContext context, Collector<TOut> output);

    /// <summary>Processes one broadcast record; called in every subtask, which must all change broadcast state alike.</summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The timestamp, broadcast state and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results: those of every subtask.</param>
    public abstract void ProcessBroadcastElement(TBroadcast value, BroadcastContext context, Collector<TOut> output);
}

/// <summary>
/// The function over a keyed stream that is connected with a broadcast stream: keyed state and timers for the one, state that is the same in every subtask for the other.
/// </summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the keyed stream.</typeparam>
/// <typeparam name="TBroadcast">The type of the broadcast stream.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// sealed class Alert : KeyedBroadcastProcessFunction&lt;string, Reading, Limit, string&gt;
/// {
///     public static readonly MapStateDescriptor&lt;string, int&gt; Limits = new("limits");
///     private readonly ValueStateDescriptor&lt;int&gt; _lastDescriptor = new("last");
///     private ValueState&lt;int&gt; _last = null!;
///     public override void Open(RuntimeContext context) =&gt; _last = context.GetState(_lastDescriptor);
///     public override void ProcessElement(Reading reading, KeyedReadOnlyBroadcastContext&lt;string&gt; context, Collector&lt;string&gt; output)
///     {
///         _last.Value = reading.Value;
///         if (context.GetBroadcastState(Limits).TryGet(reading.Kind, out int limit) &amp;&amp; reading.Value &gt; limit) output.Collect($"{context.CurrentKey} is too high");
///     }
///     public override void ProcessBroadcastElement(Limit limit, KeyedBroadcastContext&lt;string&gt; context, Collector&lt;string&gt; output)
///     {
///         context.GetBroadcastState(Limits).Put(limit.Kind, limit.Value);
///         context.ApplyToKeyedState(_lastDescriptor, (sensor, last) =&gt; { if (last.Value &gt; limit.Value) output.Collect($"{sensor} has been too high"); });
///     }
/// }
/// readings.KeyBy(r =&gt; r.Sensor).Connect(limits.Broadcast(Alert.Limits)).Process(() =&gt; new Alert());
/// </code>
/// </example>
public abstract class KeyedBroadcastProcessFunction<TKey, TIn, TBroadcast, TOut> : StreamFunction
    where TKey : notnull
{
    /// <summary>Processes one record of the keyed stream; its key is the current key. Broadcast state can be read only.</summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The key, the timestamp, timers, broadcast state and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void ProcessElement(TIn value, KeyedReadOnlyBroadcastContext<TKey> context, Collector<TOut> output);

    /// <summary>
    /// Processes one broadcast record; called in every subtask, which must all change broadcast state alike. No key is current: keyed state is reached through
    /// <see cref="KeyedBroadcastContext{TKey}.ApplyToKeyedState{T}(ValueStateDescriptor{T}, Action{TKey, ValueState{T}})"/>.
    /// </summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The timestamp, broadcast and keyed state and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results: those of every subtask.</param>
    public abstract void ProcessBroadcastElement(TBroadcast value, KeyedBroadcastContext<TKey> context, Collector<TOut> output);

    /// <summary>Called once for every timer that falls due, with the timer's key as the current key. Results of an event-time timer get its time as their timestamp, those of a processing-time timer none.</summary>
    /// <param name="timestamp">The time the timer was registered for, in milliseconds since 1970-01-01 UTC.</param>
    /// <param name="context">The key, the kind of timer, timers, broadcast state and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public virtual void OnTimer(long timestamp, KeyedBroadcastTimerContext<TKey> context, Collector<TOut> output)
    {
    }
}
