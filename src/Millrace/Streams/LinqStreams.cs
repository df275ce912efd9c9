using System.Runtime.CompilerServices;

namespace Millrace;

/// <summary>
/// The names that C# query syntax calls, for streams. Each means exactly what the method of the stream does that it calls.
/// </summary>
/// <remarks>
/// There is no <c>join</c>, <c>orderby</c> or <c>Take</c>: over a stream without end they mean nothing without a window or an interval, and those are said with
/// the stream's own methods.
/// </remarks>
/// <example>
/// <code>
/// var late = from flight in flights
///            where flight.Delay &gt; TimeSpan.FromMinutes(15)
///            select new Late(flight.Carrier, flight.Delay);
/// </code>
/// </example>
public static class LinqStreams
{
    /// <summary>Turns every record into exactly one: <see cref="DataStream{T}.Map{TOut}(Func{T, TOut}, string, int)"/>.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="selector">Gives the result of a record.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    public static SingleOutputStream<TOut> Select<T, TOut>(
        this DataStream<T> stream, Func<T, TOut> selector, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Map(selector, file, line);
    }

    /// <summary>Keeps some records and drops the others: <see cref="DataStream{T}.Filter(Func{T, bool}, string, int)"/>.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="predicate">Whether a record stays.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of those that stay.</returns>
    public static SingleOutputStream<T> Where<T>(
        this DataStream<T> stream, Func<T, bool> predicate, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Filter(predicate, file, line);
    }

    /// <summary>Turns every record into any number of results, in their order.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="selector">Gives the results of a record; enumerated once, to its end.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    public static SingleOutputStream<TOut> SelectMany<T, TOut>(
        this DataStream<T> stream, Func<T, IEnumerable<TOut>> selector, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(selector);
        return stream.FlatMap<TOut>(
            (record, output) =>
            {
                foreach (var result in selector(record))
                {
                    output.Collect(result);
                }
            },
            file,
            line);
    }

    /// <summary>Turns every record into any number of results, made of the record and each of its parts: a second <c>from</c> in a query.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TPart">The type of the parts.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="parts">Gives the parts of a record; enumerated once, to its end.</param>
    /// <param name="selector">Makes a result of a record and a part.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    public static SingleOutputStream<TOut> SelectMany<T, TPart, TOut>(
        this DataStream<T> stream,
        Func<T, IEnumerable<TPart>> parts,
        Func<T, TPart, TOut> selector,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(selector);
        return stream.FlatMap<TOut>(
            (record, output) =>
            {
                foreach (var part in parts(record))
                {
                    output.Collect(selector(record, part));
                }
            },
            file,
            line);
    }

    /// <summary>Divides the stream by key: <see cref="DataStream{T}.KeyBy{TKey}"/>. What is made of each group is said with the keyed stream's methods; a group has no end.</summary>
    /// <typeparam name="T">The type of the records.</typeparam>
    /// <typeparam name="TKey">The type of the key; needs value equality.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="keySelector">Gives a record's key; always the same for the same record.</param>
    /// <returns>The keyed stream.</returns>
    /// <example><code>(from flight in flights group flight by flight.Carrier).Process(() =&gt; new Busiest())</code></example>
    public static KeyedStream<T, TKey> GroupBy<T, TKey>(this DataStream<T> stream, Func<T, TKey> keySelector)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.KeyBy(keySelector);
    }
}
