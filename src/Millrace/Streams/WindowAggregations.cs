using System.Numerics;
using System.Runtime.CompilerServices;
using Millrace.Streams.Windows;
using Millrace.Windowing;

namespace Millrace;

/// <summary>Aggregations of windows that have a name: those of <see cref="RollingAggregations"/>, and a few that give numbers, with key and window.</summary>
/// <remarks>
/// A window keeps one value or accumulator, however many records it has, and sliding windows share slices; with an evictor it keeps every record. Which record is the first, where that matters, goes by
/// their coming; in sliding windows by their slices' time and then by their coming. Where windows merge it is not said.
/// </remarks>
public static class WindowAggregations
{
    /// <summary>How many records a window has.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <param name="stream">The windowed stream.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For each key and firing of a window the number of records, with key and window.</returns>
    /// <example><code>clicks.KeyBy(click =&gt; click.Page).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMinutes(1))).Count()</code></example>
    public static SingleOutputStream<WindowValue<TKey, TWindow, long>> Count<T, TKey, TWindow>(
        this IWindowedStream<T, TKey, TWindow> stream, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TKey : notnull
        where TWindow : struct, IWindow<TWindow>
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Aggregate(() => new CountFold<T>(), () => new WithWindow<TKey, TWindow, long>(), file, line);
    }

    /// <summary>Sums up a member of the records of a window.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <typeparam name="TValue">The type of the member.</typeparam>
    /// <param name="stream">The windowed stream.</param>
    /// <param name="get">Gives the member.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For each key and firing of a window the sum, with key and window.</returns>
    /// <remarks>A sum that is too large for its type fails the job (<see cref="OverflowException"/>), and is never silently wrong.</remarks>
    /// <example><code>.Window(...).Sum(sale =&gt; sale.Amount)</code></example>
    public static SingleOutputStream<WindowValue<TKey, TWindow, TValue>> Sum<T, TKey, TWindow, TValue>(
        this IWindowedStream<T, TKey, TWindow> stream, Func<T, TValue> get, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TKey : notnull
        where TWindow : struct, IWindow<TWindow>
        where TValue : IAdditionOperators<TValue, TValue, TValue>, IAdditiveIdentity<TValue, TValue>
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(get);
        return stream.Aggregate(() => new SumFold<T, TValue>(get), () => new WithWindow<TKey, TWindow, TValue>(), file, line);
    }

    /// <summary>The mean of a member of the records of a window.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <param name="stream">The windowed stream.</param>
    /// <param name="get">Gives the member.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For each key and firing of a window the mean, with key and window.</returns>
    /// <remarks>Added up as <see cref="double"/>; for <see cref="decimal"/> take an aggregate of your own.</remarks>
    /// <example><code>.Window(...).Average(trade =&gt; trade.Price)</code></example>
    public static SingleOutputStream<WindowValue<TKey, TWindow, double>> Average<T, TKey, TWindow>(
        this IWindowedStream<T, TKey, TWindow> stream, Func<T, double> get, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TKey : notnull
        where TWindow : struct, IWindow<TWindow>
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(get);
        return stream.Aggregate(() => new AverageFold<T>(get), () => new WithWindow<TKey, TWindow, double>(), file, line);
    }

    /// <summary>Sums up a member of the records of a window.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <typeparam name="TValue">The type of the member.</typeparam>
    /// <param name="stream">The windowed stream.</param>
    /// <param name="get">Gives the member.</param>
    /// <param name="with">Makes a record with another value of the member.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For each key and firing of a window its first record with the sum.</returns>
    /// <remarks>A sum that is too large for its type fails the job (<see cref="OverflowException"/>), and is never silently wrong.</remarks>
    /// <example><code>.Window(...).Sum(sale =&gt; sale.Amount, (sale, sum) =&gt; sale with { Amount = sum })</code></example>
    public static SingleOutputStream<T> Sum<T, TKey, TWindow, TValue>(
        this IWindowedStream<T, TKey, TWindow> stream, Func<T, TValue> get, Func<T, TValue, T> with, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TKey : notnull
        where TWindow : struct, IWindow<TWindow>
        where TValue : IAdditionOperators<TValue, TValue, TValue>
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.Sum(get, with), file, line);
    }

    /// <summary>The least value of a member of the records of a window.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <typeparam name="TValue">The type of the member.</typeparam>
    /// <param name="stream">The windowed stream.</param>
    /// <param name="get">Gives the member.</param>
    /// <param name="with">Makes a record with another value of the member.</param>
    /// <param name="comparer">Compares; the type's own order where null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For each key and firing of a window its first record with the least value. For the record that has it see <see cref="MinBy"/>.</returns>
    /// <example><code>.Window(...).Min(quote =&gt; quote.Price, (quote, least) =&gt; quote with { Price = least })</code></example>
    public static SingleOutputStream<T> Min<T, TKey, TWindow, TValue>(
        this IWindowedStream<T, TKey, TWindow> stream, Func<T, TValue> get, Func<T, TValue, T> with, IComparer<TValue>? comparer = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TKey : notnull
        where TWindow : struct, IWindow<TWindow>
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.Greatest(get, with, Reductions.Descending(comparer)), file, line);
    }

    /// <summary>The greatest value of a member of the records of a window.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <typeparam name="TValue">The type of the member.</typeparam>
    /// <param name="stream">The windowed stream.</param>
    /// <param name="get">Gives the member.</param>
    /// <param name="with">Makes a record with another value of the member.</param>
    /// <param name="comparer">Compares; the type's own order where null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For each key and firing of a window its first record with the greatest value. For the record that has it see <see cref="MaxBy"/>.</returns>
    /// <example><code>.Window(...).Max(quote =&gt; quote.Price, (quote, greatest) =&gt; quote with { Price = greatest })</code></example>
    public static SingleOutputStream<T> Max<T, TKey, TWindow, TValue>(
        this IWindowedStream<T, TKey, TWindow> stream, Func<T, TValue> get, Func<T, TValue, T> with, IComparer<TValue>? comparer = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TKey : notnull
        where TWindow : struct, IWindow<TWindow>
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.Greatest(get, with, comparer), file, line);
    }

    /// <summary>The record with the least value of a window.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <typeparam name="TValue">The type of the member.</typeparam>
    /// <param name="stream">The windowed stream.</param>
    /// <param name="get">Gives what is compared.</param>
    /// <param name="first">Of records with the same value, whether the first one is taken; else the last one is.</param>
    /// <param name="comparer">Compares; the type's own order where null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For each key and firing of a window the record with the least value.</returns>
    /// <example><code>.Window(...).MinBy(offer =&gt; offer.Price)</code></example>
    public static SingleOutputStream<T> MinBy<T, TKey, TWindow, TValue>(
        this IWindowedStream<T, TKey, TWindow> stream, Func<T, TValue> get, bool first = true, IComparer<TValue>? comparer = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TKey : notnull
        where TWindow : struct, IWindow<TWindow>
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.GreatestBy(get, first, Reductions.Descending(comparer)), file, line);
    }

    /// <summary>The record with the greatest value of a window.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <typeparam name="TValue">The type of the member.</typeparam>
    /// <param name="stream">The windowed stream.</param>
    /// <param name="get">Gives what is compared.</param>
    /// <param name="first">Of records with the same value, whether the first one is taken; else the last one is.</param>
    /// <param name="comparer">Compares; the type's own order where null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>For each key and firing of a window the record with the greatest value.</returns>
    /// <example><code>.Window(...).MaxBy(score =&gt; score.Points, first: false)</code></example>
    public static SingleOutputStream<T> MaxBy<T, TKey, TWindow, TValue>(
        this IWindowedStream<T, TKey, TWindow> stream, Func<T, TValue> get, bool first = true, IComparer<TValue>? comparer = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where TKey : notnull
        where TWindow : struct, IWindow<TWindow>
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Reduce(Reductions.GreatestBy(get, first, comparer), file, line);
    }
}
