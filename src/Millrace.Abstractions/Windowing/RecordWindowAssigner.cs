namespace Millrace.Windowing;

/// <summary>Says which windows a record belongs to, looking at the record. Where its time is enough, <see cref="WindowAssigner{TWindow}"/> is simpler.</summary>
/// <remarks>One instance serves all subtasks of a process: it must not keep anything of the records.</remarks>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public abstract class WindowAssigner<T, TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    /// <summary>Whether windows are spans of event time; otherwise records are assigned by the clock.</summary>
    public abstract bool IsEventTime { get; }

    /// <summary>Adds the windows of a record to <paramref name="windows"/>.</summary>
    /// <param name="value">The record.</param>
    /// <param name="time">Its event time, or the clock where <see cref="IsEventTime"/> is false; milliseconds since 1970-01-01 UTC.</param>
    /// <param name="windows">Takes the windows.</param>
    public abstract void AssignWindows(T value, long time, ICollection<TWindow> windows);

    /// <summary>When windows fire if nothing else is said.</summary>
    /// <returns>The trigger. Default: that of event time or of processing time, by <see cref="IsEventTime"/>.</returns>
    public virtual Trigger<T, TWindow> CreateDefaultTrigger() => IsEventTime ? default(Triggers<T, TWindow>).EventTime() : default(Triggers<T, TWindow>).ProcessingTime();
}
