using Millrace.Runtime.Windowing.General;
using Millrace.Windowing;

namespace Millrace;

/// <content>Other triggers, and evictors: those windows do not share slices.</content>
public sealed partial class WindowedStream<T, TKey>
{
    /// <summary>Says when windows fire. A record is then added to every window that it belongs to.</summary>
    /// <param name="trigger">The trigger.</param>
    /// <returns>The stream, to be aggregated.</returns>
    public WindowedStream<T, TKey, TimeWindow> Trigger(Trigger<T, TimeWindow> trigger) => General().Trigger(trigger);

    /// <summary>Says when windows fire, with one of the triggers that there are. A record is then added to every window that it belongs to.</summary>
    /// <param name="choose">Chooses the trigger.</param>
    /// <returns>The stream, to be aggregated.</returns>
    /// <example><code>.Window(...).Trigger(on =&gt; on.Count(100).Purging())</code></example>
    public WindowedStream<T, TKey, TimeWindow> Trigger(Func<Triggers<T, TimeWindow>, Trigger<T, TimeWindow>> choose) => General().Trigger(choose);

    /// <summary>Removes records from windows when they fire. Windows then keep every record.</summary>
    /// <param name="evictor">The evictor.</param>
    /// <returns>The stream, to be aggregated.</returns>
    public WindowedStream<T, TKey, TimeWindow> Evictor(Evictor<T, TimeWindow> evictor) => General().Evictor(evictor);

    /// <summary>Removes records from windows when they fire, with one of the evictors that there are. Windows then keep every record.</summary>
    /// <param name="choose">Chooses the evictor.</param>
    /// <returns>The stream, to be aggregated.</returns>
    /// <example><code>.Window(...).Evictor(keep =&gt; keep.Last(10))</code></example>
    public WindowedStream<T, TKey, TimeWindow> Evictor(Func<Evictors<T, TimeWindow>, Evictor<T, TimeWindow>> choose) => General().Evictor(choose);

    private WindowedStream<T, TKey, TimeWindow> General() => new(_stream, new TimeOnlyAssigner<T, TimeWindow>(_windows), null, _late);
}
