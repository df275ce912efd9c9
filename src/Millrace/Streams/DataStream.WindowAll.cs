using Millrace.Streams.Partitions;
using Millrace.Windowing;

namespace Millrace;

/// <content>Windows over all records, whatever their key.</content>
public partial class DataStream<T>
{
    /// <summary>Groups all records into tumbling or sliding windows of event time. One subtask has the windows; what is reduced or aggregated comes to it as one record a batch (<see cref="ExecutionOptions.LocalAggregation"/>).</summary>
    /// <param name="windows">Tumbling or sliding windows.</param>
    /// <returns>The windowed stream, to be aggregated.</returns>
    /// <example><code>trades.WindowAll(TumblingEventTimeWindows.Of(TimeSpan.FromMinutes(1))).Aggregate(() =&gt; new Volume())</code></example>
    public WindowedStream<T, AllRecords> WindowAll(AlignedWindows windows) => Undivided().Window(windows);

    /// <summary>Groups all records into windows of any kind. One subtask does it all.</summary>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <param name="windows">The windows.</param>
    /// <returns>The windowed stream, to be aggregated.</returns>
    public WindowedStream<T, AllRecords, TWindow> WindowAll<TWindow>(WindowAssigner<TWindow> windows)
        where TWindow : struct, IWindow<TWindow> => Undivided().Window(windows);

    /// <summary>Groups all records into windows that depend on the records themselves. One subtask does it all.</summary>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <param name="windows">The windows.</param>
    /// <returns>The windowed stream, to be aggregated.</returns>
    public WindowedStream<T, AllRecords, TWindow> WindowAll<TWindow>(WindowAssigner<T, TWindow> windows)
        where TWindow : struct, IWindow<TWindow> => Undivided().Window(windows);

    /// <summary>Groups all records by number: every so many make a window. One subtask does it all.</summary>
    /// <param name="size">How many records a window has; positive.</param>
    /// <returns>The windowed stream, to be aggregated.</returns>
    public WindowedStream<T, AllRecords, GlobalWindow> CountWindowAll(long size) => Undivided().CountWindow(size);

    /// <summary>At every so many records, looks at the last ones. One subtask does it all.</summary>
    /// <param name="size">How many records are looked at, at most; positive.</param>
    /// <param name="slide">After how many new ones; positive.</param>
    /// <returns>The windowed stream, to be aggregated.</returns>
    public WindowedStream<T, AllRecords, GlobalWindow> CountWindowAll(int size, long slide) => Undivided().CountWindow(size, slide);

    /// <summary>Puts the records of each subtask together until the end of the input.</summary>
    /// <returns>
    /// The partitioned stream, to be mapped, sorted, aggregated or reduced. When it is mapped or sorted, all records are kept in memory, and every checkpoint writes them.
    /// After a restore at another parallelism they are dealt out evenly.
    /// </returns>
    /// <example><code>trades.FullWindowPartition().MapPartition&lt;double&gt;((all, output) =&gt; output.Collect(Median(all)))</code></example>
    public PartitionedStream<T> FullWindowPartition() => new SubtaskPartitions<T>(this);

    private KeyedStream<T, AllRecords> Undivided() => new(this, static _ => AllRecords.Key) { HasOneKey = true };
}
