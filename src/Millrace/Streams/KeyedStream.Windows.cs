using Millrace.Runtime.Windowing;
using Millrace.Runtime.Windowing.General;
using Millrace.Streams.Partitions;
using Millrace.Windowing;

namespace Millrace;

/// <content>Windows of any kind.</content>
public sealed partial class KeyedStream<T, TKey>
{
    /// <summary>Groups the records of a key into windows of any kind.</summary>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <param name="windows">Sessions, global or cumulative windows, windows by the clock, or an assigner of your own.</param>
    /// <returns>The windowed stream, to be aggregated.</returns>
    /// <example><code>clicks.KeyBy(c =&gt; c.User).Window(EventTimeSessionWindows.WithGap(TimeSpan.FromMinutes(30)))</code></example>
    public WindowedStream<T, TKey, TWindow> Window<TWindow>(WindowAssigner<TWindow> windows)
        where TWindow : struct, IWindow<TWindow>
    {
        ArgumentNullException.ThrowIfNull(windows);
        return new WindowedStream<T, TKey, TWindow>(this, new TimeOnlyAssigner<T, TWindow>(windows), windows as IMergingWindows<TWindow>, new LatePolicy<T>(0, null));
    }

    /// <summary>Groups the records of a key into windows that depend on the records themselves.</summary>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <param name="windows">Sessions with a dynamic gap, or an assigner of your own.</param>
    /// <returns>The windowed stream, to be aggregated.</returns>
    /// <example><code>clicks.KeyBy(c =&gt; c.User).Window(EventTimeSessionWindows.WithDynamicGap&lt;Click&gt;(c =&gt; c.IsVideo ? Long : Short))</code></example>
    public WindowedStream<T, TKey, TWindow> Window<TWindow>(WindowAssigner<T, TWindow> windows)
        where TWindow : struct, IWindow<TWindow>
    {
        ArgumentNullException.ThrowIfNull(windows);
        return new WindowedStream<T, TKey, TWindow>(this, windows, windows as IMergingWindows<TWindow>, new LatePolicy<T>(0, null));
    }

    /// <summary>Groups the records of a key by number: every so many make a window, whatever their time. What is left at the end of the input is dropped.</summary>
    /// <param name="size">How many records a window has; positive.</param>
    /// <returns>The windowed stream, to be aggregated.</returns>
    /// <example><code>bids.KeyBy(b =&gt; b.Item).CountWindow(100).Aggregate(() =&gt; new Average())</code></example>
    public WindowedStream<T, TKey, GlobalWindow> CountWindow(long size) => Window(GlobalWindows.Create()).Trigger(on => on.Count(size).Purging());

    /// <summary>At every so many records of a key, looks at the last ones.</summary>
    /// <param name="size">How many records are looked at, at most; positive.</param>
    /// <param name="slide">After how many new ones; positive.</param>
    /// <returns>The windowed stream, to be aggregated. It keeps the last records of every key.</returns>
    /// <example><code>bids.KeyBy(b =&gt; b.Item).CountWindow(size: 100, slide: 10).Aggregate(() =&gt; new Average())</code></example>
    public WindowedStream<T, TKey, GlobalWindow> CountWindow(int size, long slide) =>
        Window(GlobalWindows.Create()).Trigger(on => on.Count(slide)).Evictor(keep => keep.Last(size));

    /// <summary>Puts the records of each key together until the end of the input.</summary>
    /// <returns>The partitioned stream, to be mapped, sorted, aggregated or reduced. Records are kept in the state backend; one key's must fit in memory when they are mapped or sorted.</returns>
    /// <example><code>trades.KeyBy(t =&gt; t.Symbol).FullWindowPartition().SortPartition(t =&gt; t.Price)</code></example>
    public PartitionedStream<T> FullWindowPartition() => new KeyPartitions<T, TKey>(this);
}
