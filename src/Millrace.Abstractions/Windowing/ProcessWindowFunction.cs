namespace Millrace.Windowing;

/// <summary>Sees all elements of a window at once, when the window fires, together with the window itself.</summary>
/// <remarks>
/// Alone it makes the engine keep every element until the window is done. After <c>Aggregate</c> or <c>Reduce</c> it sees the one result
/// of those, and only the accumulator is kept.
/// </remarks>
/// <typeparam name="TIn">The type of the elements.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public abstract class ProcessWindowFunction<TIn, TOut, TKey, TWindow> : StreamFunction
    where TKey : notnull
{
    /// <summary>
    /// Emits the results of a window of a key. Results get the window's last millisecond as their timestamp; those of a window without an end get the timestamp of the record, or
    /// the time of the event-time timer, that made it fire.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="context">The window, the watermark and the side outputs; valid only during the call.</param>
    /// <param name="elements">
    /// The elements in order of arrival; those of aligned windows of event time are grouped by slice of time first, those of merged windows by the parts that they had. Valid only during
    /// the call.
    /// </param>
    /// <param name="output">Takes the results.</param>
    public abstract void Process(TKey key, WindowContext<TWindow> context, IReadOnlyList<TIn> elements, Collector<TOut> output);

    /// <summary>
    /// Called when a window is over and is removed, after its last firing: clear here what was put into <see cref="WindowContext{TWindow}.WindowState"/>. Side outputs and records
    /// cannot be emitted any more. Of aligned event-time windows with the default trigger it is called for those whose <see cref="WindowContext{TWindow}.WindowState"/> was asked for.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="context">The window and its state; valid only during the call.</param>
    public virtual void Clear(TKey key, WindowContext<TWindow> context)
    {
    }
}

/// <summary>What a <see cref="ProcessWindowFunction{TIn, TOut, TKey, TWindow}"/> sees besides the elements.</summary>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public abstract class WindowContext<TWindow>
{
    private protected WindowContext()
    {
    }

    /// <summary>The window that fires.</summary>
    public abstract TWindow Window { get; }

    /// <summary>The operator's watermark.</summary>
    public abstract long CurrentWatermark { get; }

    /// <summary>The wall clock in milliseconds since 1970-01-01 UTC.</summary>
    public abstract long CurrentProcessingTime { get; }

    /// <summary>
    /// State of this window of this key, kept between firings. Clear it in <see cref="ProcessWindowFunction{TIn, TOut, TKey, TWindow}.Clear"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The windows are sessions or others that merge: use <see cref="GlobalState"/>.</exception>
    public abstract WindowStateStore WindowState { get; }

    /// <summary>State of the key, shared by all its windows. It stays until it is cleared.</summary>
    public abstract WindowStateStore GlobalState { get; }

    /// <summary>Emits a record into a side output, with the timestamp that results get.</summary>
    /// <typeparam name="T">The type of the side output.</typeparam>
    /// <param name="tag">The side output. If nobody reads it, the record is dropped.</param>
    /// <param name="value">The record.</param>
    public abstract void Output<T>(OutputTag<T> tag, T value);
}
