namespace Millrace.Windowing;

/// <summary>Says when a window fires and when its contents are removed.</summary>
/// <remarks>
/// One instance serves all keys and windows, and all subtasks of a process at once: what it must remember goes into <see cref="TriggerContext.GetState"/>, never into fields. The
/// engine removes a window of itself when it is over; a trigger need not see to that.
/// </remarks>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
/// <example>
/// Fires at the end of the window, and before it at every record that says so:
/// <code>
/// sealed class OnFlag : Trigger&lt;Reading, TimeWindow&gt;
/// {
///     public override TriggerResult OnElement(Reading value, long timestamp, TimeWindow window, TriggerContext context)
///     {
///         context.RegisterEventTimeTimer(window.MaxTimestamp);
///         return value.IsUrgent ? TriggerResult.Fire : TriggerResult.Continue;
///     }
///     public override TriggerResult OnEventTime(long time, TimeWindow window, TriggerContext context) =&gt;
///         time == window.MaxTimestamp ? TriggerResult.Fire : TriggerResult.Continue;
/// }
/// </code>
/// </example>
public abstract class Trigger<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    /// <summary>Whether it can be used with windows that merge; then it implements <see cref="OnMerge"/>.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public virtual bool CanMerge => false;

    /// <summary>Called for every record that is added to a window, after it was added.</summary>
    /// <param name="value">The record.</param>
    /// <param name="timestamp">Its event time, or <see cref="EventTime.None"/>.</param>
    /// <param name="window">The window.</param>
    /// <param name="context">Time, timers and state.</param>
    /// <returns>What is to happen to the window.</returns>
    public abstract TriggerResult OnElement(T value, long timestamp, TWindow window, TriggerContext context);

    /// <summary>Called when the watermark has reached a timer's time. It is also called when the engine is about to remove the window, with the time of that.</summary>
    /// <param name="time">The timer's time.</param>
    /// <param name="window">The window.</param>
    /// <param name="context">Time, timers and state.</param>
    /// <returns>What is to happen to the window.</returns>
    public virtual TriggerResult OnEventTime(long time, TWindow window, TriggerContext context) => TriggerResult.Continue;

    /// <summary>Called when the clock has reached a timer's time. Of windows by the clock it is also called when the engine is about to remove the window.</summary>
    /// <param name="time">The timer's time.</param>
    /// <param name="window">The window.</param>
    /// <param name="context">Time, timers and state.</param>
    /// <returns>What is to happen to the window.</returns>
    public virtual TriggerResult OnProcessingTime(long time, TWindow window, TriggerContext context) => TriggerResult.Continue;

    /// <summary>
    /// Called when windows have merged, before the record that joined them is added. State must be merged and timers be registered for the new window; for each of the windows that are no
    /// more, <see cref="Clear"/> is called afterwards.
    /// </summary>
    /// <param name="window">The window that they have become.</param>
    /// <param name="context">Time, timers and state.</param>
    public virtual void OnMerge(TWindow window, TriggerMergeContext context) =>
        throw new NotSupportedException($"{this} cannot be used with windows that merge: it does not implement {nameof(OnMerge)}.");

    /// <summary>Called when a window is over: removes the trigger's state and its timers.</summary>
    /// <param name="window">The window.</param>
    /// <param name="context">Time, timers and state.</param>
    public virtual void Clear(TWindow window, TriggerContext context)
    {
    }

    /// <summary>This trigger, with the contents removed at every firing: a record is in one result at most.</summary>
    /// <returns>The trigger.</returns>
    public Trigger<T, TWindow> Purging() => new PurgingTrigger<T, TWindow>(this);

    /// <summary>This trigger, and a firing by the clock some time after a record if it has not fired by then.</summary>
    /// <param name="timeout">How long; whole milliseconds, positive.</param>
    /// <param name="resetOnEveryRecord">Whether the time runs from the last record; otherwise from the first one since the last firing.</param>
    /// <param name="clearOnTimeout">Whether the trigger's own state is cleared by such a firing, so that for example a count begins anew.</param>
    /// <returns>The trigger.</returns>
    /// <exception cref="ArgumentException">The timeout is out of its range.</exception>
    public Trigger<T, TWindow> WithProcessingTimeout(TimeSpan timeout, bool resetOnEveryRecord = false, bool clearOnTimeout = true) =>
        new ProcessingTimeoutTrigger<T, TWindow>(this, EventTimeSessionWindows.Gap(timeout), resetOnEveryRecord, clearOnTimeout);

    /// <inheritdoc/>
    public override string ToString() => GetType().Name;
}
