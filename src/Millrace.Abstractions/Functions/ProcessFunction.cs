namespace Millrace;

/// <summary>The general function over a stream without keys: sees timestamps and watermarks, emits any number of results and side outputs.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
public abstract class ProcessFunction<TIn, TOut> : StreamFunction
{
    /// <summary>Processes one record.</summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The record's timestamp, the time services and the side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void ProcessElement(TIn value, ProcessContext context, Collector<TOut> output);
}

/// <summary>
/// The general function over a keyed stream: keyed state, timers in event time and processing time, side outputs. Everything else can be
/// written with it.
/// </summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// sealed class Silence : KeyedProcessFunction&lt;string, Ping, string&gt;
/// {
///     private ValueState&lt;long&gt; _deadline = null!;
///     public override void Open(RuntimeContext context) =&gt; _deadline = context.GetState(new ValueStateDescriptor&lt;long&gt;("deadline"));
///     public override void ProcessElement(Ping ping, KeyedProcessContext&lt;string&gt; context, Collector&lt;string&gt; output)
///     {
///         ref long deadline = ref _deadline.GetOrAdd();
///         context.Timers.DeleteEventTimeTimer(deadline);
///         deadline = context.Timestamp + 60_000;
///         context.Timers.RegisterEventTimeTimer(deadline);
///     }
///     public override void OnTimer(long timestamp, KeyedTimerContext&lt;string&gt; context, Collector&lt;string&gt; output)
///         =&gt; output.Collect($"{context.CurrentKey} has been silent for a minute");
/// }
/// </code>
/// </example>
public abstract class KeyedProcessFunction<TKey, TIn, TOut> : StreamFunction
    where TKey : notnull
{
    /// <summary>Processes one record of the current key.</summary>
    /// <param name="value">The record.</param>
    /// <param name="context">The key, the timestamp, timers and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public abstract void ProcessElement(TIn value, KeyedProcessContext<TKey> context, Collector<TOut> output);

    /// <summary>Called once for every timer that falls due, with the timer's key as the current key. Results of an event-time timer get its time as their timestamp, those of a processing-time timer none.</summary>
    /// <param name="timestamp">The time the timer was registered for, in milliseconds since 1970-01-01 UTC.</param>
    /// <param name="context">The key, the kind of timer, timers and side outputs; valid only during the call.</param>
    /// <param name="output">Takes the results.</param>
    public virtual void OnTimer(long timestamp, KeyedTimerContext<TKey> context, Collector<TOut> output)
    {
    }
}

/// <summary>What a <see cref="ProcessFunction{TIn, TOut}"/> sees besides the record.</summary>
public abstract class ProcessContext
{
    private protected ProcessContext()
    {
    }

    /// <summary>The record's event time in milliseconds since 1970-01-01 UTC, or <see cref="EventTime.None"/>.</summary>
    public abstract long Timestamp { get; }

    /// <summary>The operator's watermark: no record at or before it is expected any more.</summary>
    public abstract long CurrentWatermark { get; }

    /// <summary>The wall clock in milliseconds since 1970-01-01 UTC, from the job's <see cref="TimeProvider"/>.</summary>
    public abstract long CurrentProcessingTime { get; }

    /// <summary>Emits a record into a side output, with the timestamp of the record that is being processed.</summary>
    /// <typeparam name="T">The type of the side output.</typeparam>
    /// <param name="tag">The side output. If nobody reads it, the record is dropped.</param>
    /// <param name="value">The record.</param>
    public abstract void Output<T>(OutputTag<T> tag, T value);
}

/// <summary>What a <see cref="KeyedProcessFunction{TKey, TIn, TOut}"/> sees besides the record.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
public abstract class KeyedProcessContext<TKey> : ProcessContext
    where TKey : notnull
{
    private protected KeyedProcessContext()
    {
    }

    /// <summary>The key of the record that is being processed.</summary>
    public abstract TKey CurrentKey { get; }

    /// <summary>Timers of the current key.</summary>
    public abstract ITimerService Timers { get; }
}

/// <summary>What <see cref="KeyedProcessFunction{TKey, TIn, TOut}.OnTimer"/> sees besides the time.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
public abstract class KeyedTimerContext<TKey> : KeyedProcessContext<TKey>
    where TKey : notnull
{
    private protected KeyedTimerContext()
    {
    }

    /// <summary>Which clock the timer was registered with.</summary>
    public abstract TimeDomain TimeDomain { get; }
}
