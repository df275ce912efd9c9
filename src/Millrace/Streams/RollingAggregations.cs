using System.Numerics;
using System.Runtime.CompilerServices;

namespace Millrace;

/// <summary>Aggregations of a keyed stream that give the new value of its key with every record, or, with <see cref="ExecutionOptions.ConsistentOutput"/>, with every closed timestamp.</summary>
/// <remarks>
/// A key's value is kept for ever, as in every aggregation without a window: with ever new keys the state grows without end. The result is a record of the stream's type:
/// where a member is summed up, say how to make a record with another value of it; the other members are those of the first record of the key.
/// </remarks>
public static class RollingAggregations
{
    /// <summary>Sums up a member of the records of each key.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TValue">The type of the member.</typeparam>
    /// <param name="stream">The keyed stream.</param>
    /// <param name="get">Gives the member.</param>
    /// <param name="with">Makes a record with another value of the member.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For every record the first one of its key with the sum so far.</returns>
    /// <remarks>A sum that is too large for its type fails the job (<see cref="OverflowException"/>), and is never silently wrong.</remarks>
    /// <example><code>sales.KeyBy(sale =&gt; sale.Shop).Sum(sale =&gt; sale.Amount, (sale, sum) =&gt; sale with { Amount = sum })</code></example>
    public static SingleOutputStream<T> Sum<T, TKey, TValue>(
        this KeyedStream<T, TKey> stream, Func<T, TValue> get, Func<T, TValue, T> with, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TKey : notnull
        where TValue : IAdditionOperators<TValue, TValue, TValue>
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.Sum(get, with), file, line).Name("Sum");
    }

    /// <summary>The least value so far of a member of the records of each key.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TValue">The type of the member.</typeparam>
    /// <param name="stream">The keyed stream.</param>
    /// <param name="get">Gives the member.</param>
    /// <param name="with">Makes a record with another value of the member.</param>
    /// <param name="comparer">Compares; the type's own order where null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For every record the first one of its key with the least value so far. For the record that has it see <see cref="MinBy"/>.</returns>
    /// <example><code>quotes.KeyBy(quote =&gt; quote.Symbol).Min(quote =&gt; quote.Price, (quote, least) =&gt; quote with { Price = least })</code></example>
    public static SingleOutputStream<T> Min<T, TKey, TValue>(
        this KeyedStream<T, TKey> stream,
        Func<T, TValue> get,
        Func<T, TValue, T> with,
        IComparer<TValue>? comparer = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.Greatest(get, with, Reductions.Descending(comparer)), file, line).Name("Min");
    }

    /// <summary>The greatest value so far of a member of the records of each key.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TValue">The type of the member.</typeparam>
    /// <param name="stream">The keyed stream.</param>
    /// <param name="get">Gives the member.</param>
    /// <param name="with">Makes a record with another value of the member.</param>
    /// <param name="comparer">Compares; the type's own order where null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For every record the first one of its key with the greatest value so far. For the record that has it see <see cref="MaxBy"/>.</returns>
    /// <example><code>quotes.KeyBy(quote =&gt; quote.Symbol).Max(quote =&gt; quote.Price, (quote, greatest) =&gt; quote with { Price = greatest })</code></example>
    public static SingleOutputStream<T> Max<T, TKey, TValue>(
        this KeyedStream<T, TKey> stream,
        Func<T, TValue> get,
        Func<T, TValue, T> with,
        IComparer<TValue>? comparer = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.Greatest(get, with, comparer), file, line).Name("Max");
    }

    /// <summary>The record with the least value so far of each key.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TValue">The type of what is compared.</typeparam>
    /// <param name="stream">The keyed stream.</param>
    /// <param name="get">Gives what is compared.</param>
    /// <param name="first">Of records with the same value, whether the first one stays; else the last one does.</param>
    /// <param name="comparer">Compares; the type's own order where null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For every record the one with the least value so far.</returns>
    /// <example><code>offers.KeyBy(offer =&gt; offer.Product).MinBy(offer =&gt; offer.Price)</code></example>
    public static SingleOutputStream<T> MinBy<T, TKey, TValue>(
        this KeyedStream<T, TKey> stream,
        Func<T, TValue> get,
        bool first = true,
        IComparer<TValue>? comparer = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.GreatestBy(get, first, Reductions.Descending(comparer)), file, line).Name("MinBy");
    }

    /// <summary>The record with the greatest value so far of each key.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TValue">The type of what is compared.</typeparam>
    /// <param name="stream">The keyed stream.</param>
    /// <param name="get">Gives what is compared.</param>
    /// <param name="first">Of records with the same value, whether the first one stays; else the last one does.</param>
    /// <param name="comparer">Compares; the type's own order where null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For every record the one with the greatest value so far.</returns>
    /// <example><code>scores.KeyBy(score =&gt; score.Player).MaxBy(score =&gt; score.Points, first: false)</code></example>
    public static SingleOutputStream<T> MaxBy<T, TKey, TValue>(
        this KeyedStream<T, TKey> stream,
        Func<T, TValue> get,
        bool first = true,
        IComparer<TValue>? comparer = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.GreatestBy(get, first, comparer), file, line).Name("MaxBy");
    }
}
