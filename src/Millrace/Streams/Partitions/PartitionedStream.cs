using System.Runtime.CompilerServices;

namespace Millrace;

/// <summary>
/// A stream whose records are put together until the end of the input, in partitions: those of each key, or those of each subtask where there is no key.
/// Made by <c>FullWindowPartition()</c>. A partition without records gives no result.
/// </summary>
/// <remarks>Flink's <c>PartitionWindowedStream</c>. Nothing is emitted before the input ends, so the input should be bounded.</remarks>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class PartitionedStream<T>
{
    private protected PartitionedStream()
    {
    }

    /// <summary>Hands all records of a partition to a function, once.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="map">Given the records in the order in which they came, and where to put any number of results. The list is not valid afterwards.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The results.</returns>
    /// <example><code>trades.FullWindowPartition().MapPartition&lt;double&gt;((all, output) =&gt; output.Collect(Median(all)))</code></example>
    public abstract SingleOutputStream<TOut> MapPartition<TOut>(
        Action<IReadOnlyList<T>, Collector<TOut>> map, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0);

    /// <summary>Emits the records of a partition in order. Those of equal order stay as they came. There is no order between partitions.</summary>
    /// <typeparam name="TOrder">The type that is compared.</typeparam>
    /// <param name="by">What a record is compared by.</param>
    /// <param name="descending">Whether the greatest is first.</param>
    /// <param name="comparer">How it is compared. Default: the type's own order.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The records, sorted.</returns>
    /// <example><code>trades.KeyBy(t =&gt; t.Symbol).FullWindowPartition().SortPartition(t =&gt; t.Price, descending: true)</code></example>
    public SingleOutputStream<T> SortPartition<TOrder>(
        Func<T, TOrder> by, bool descending = false, IComparer<TOrder>? comparer = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(by);
        return MapPartition<T>(
            (records, output) =>
            {
                foreach (var record in descending ? records.OrderByDescending(by, comparer) : records.OrderBy(by, comparer))
                {
                    output.Collect(record);
                }
            },
            file,
            line);
    }

    /// <summary>Adds the records of a partition up as they come; only the accumulator is kept.</summary>
    /// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
    /// <typeparam name="TOut">The type of the result.</typeparam>
    /// <param name="create">Makes the function, once for each subtask. Without keys, its <c>Merge</c> is called after a restore at a lower parallelism.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>One result for each partition.</returns>
    /// <example><code>trades.FullWindowPartition().Aggregate(() =&gt; new AveragePrice())</code></example>
    public abstract SingleOutputStream<TOut> Aggregate<TAccumulator, TOut>(
        Func<AggregateFunction<T, TAccumulator, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0);

    /// <summary>Combines the records of a partition as they come; only the value so far is kept.</summary>
    /// <param name="reduce">Combines two; called with the value so far, and the next.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>One value for each partition.</returns>
    /// <example><code>trades.FullWindowPartition().Reduce((a, b) =&gt; a.Price &gt;= b.Price ? a : b)</code></example>
    public abstract SingleOutputStream<T> Reduce(Func<T, T, T> reduce, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0);
}
