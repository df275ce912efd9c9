using Millrace.Runtime.Graph;

namespace Millrace;

/// <content>Ways to deal records out to the subtasks of the next operator.</content>
public partial class DataStream<T>
{
    /// <summary>Sends each record to one of the next operator's subtasks by chance, all alike.</summary>
    /// <returns>The stream, to be followed by an operator.</returns>
    /// <remarks>Every run has the same chances. <see cref="Rebalance"/> is cheaper, and spreads as evenly: this breaks up what comes in a rhythm.</remarks>
    /// <example><code>readings.Shuffle().Map(reading =&gt; Convert(reading))</code></example>
    public DataStream<T> Shuffle() => Partition(PartitioningKind.Shuffle);

    /// <summary>
    /// Spreads records evenly over some of the next operator's subtasks: where it has twice as many, each subtask sends to two of them; where it has half as many, two send to one.
    /// </summary>
    /// <returns>The stream, to be followed by an operator.</returns>
    /// <remarks>Fewer connections than <see cref="Rebalance"/>, and records stay near to where they are; subtasks that have more to do than others stay unequal.</remarks>
    /// <example><code>lines.Rescale().Map(line =&gt; Parse(line)).Parallelism(8)</code></example>
    public DataStream<T> Rescale() => Partition(PartitioningKind.Rescale);

    /// <summary>Sends all records to the first of the next operator's subtasks.</summary>
    /// <returns>The stream, to be followed by an operator; the other subtasks have nothing to do, so that it is best given parallelism 1.</returns>
    /// <example><code>totals.Global().Process(() =&gt; new Ranking()).Parallelism(1)</code></example>
    public DataStream<T> Global() => Partition(PartitioningKind.Global);

    /// <summary>Sends each record to the subtask of the next operator that a function chooses.</summary>
    /// <param name="choose">
    /// Given a record and the number of subtasks n, chooses a subtask from 0 to n − 1. Called from several subtasks at once, so it keeps nothing; and always chooses the same for the same arguments, or
    /// records in flight go another way after a restart.
    /// </param>
    /// <returns>The stream, to be followed by an operator, which has no key by that.</returns>
    /// <remarks>A choice that is out of range fails the job with the name of the stream.</remarks>
    /// <example><code>orders.PartitionCustom((order, subtasks) =&gt; order.Region == Region.Home ? 0 : 1 % subtasks)</code></example>
    public DataStream<T> PartitionCustom(Func<T, int, int> choose)
    {
        ArgumentNullException.ThrowIfNull(choose);
        return Partition(new CustomPartitioning<T>(choose));
    }

    /// <summary>Sends each record to the subtask of the next operator that a function chooses by a key.</summary>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <param name="choose">Given a key and the number of subtasks n, chooses a subtask from 0 to n − 1; see the other overload.</param>
    /// <param name="selectKey">Gives a record's key.</param>
    /// <returns>The stream, to be followed by an operator, which has no key by that.</returns>
    /// <example><code>orders.PartitionCustom((region, subtasks) =&gt; region.Number % subtasks, order =&gt; order.Region)</code></example>
    public DataStream<T> PartitionCustom<TKey>(Func<TKey, int, int> choose, Func<T, TKey> selectKey)
    {
        ArgumentNullException.ThrowIfNull(choose);
        ArgumentNullException.ThrowIfNull(selectKey);
        return PartitionCustom((record, subtasks) => choose(selectKey(record), subtasks));
    }
}
