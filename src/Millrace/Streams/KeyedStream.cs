using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Operators.Running;
using Millrace.Runtime.Windowing.Local;
using Millrace.Windowing;

namespace Millrace;

/// <summary>A stream divided by key. What follows sees all records of a key in one subtask, and keeps state for each key.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TKey">The type of the key.</typeparam>
public sealed partial class KeyedStream<T, TKey>
    where TKey : notnull
{
    private readonly DataStream<T> _stream;
    private readonly Func<T, TKey> _selectKey;

    internal KeyedStream(DataStream<T> stream, Func<T, TKey> selectKey)
    {
        _stream = stream;
        _selectKey = selectKey;
    }

    /// <summary>Combines the records of a key one after the other; every record gives the new value. With <see cref="ExecutionOptions.ConsistentOutput"/> they are combined in the order of their timestamps, and every closed timestamp gives it.</summary>
    /// <param name="reduce">Combines the value so far with the next record into a new value.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of values.</returns>
    /// <example><code>sales.KeyBy(s =&gt; s.Shop).Reduce((a, b) =&gt; a with { Amount = a.Amount + b.Amount })</code></example>
    public SingleOutputStream<T> Reduce(Func<T, T, T> reduce, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(reduce);
        return Transform(
            "Reduce",
            () => new ReduceOperator<TKey, T>(_selectKey, reduce, null),
            file,
            line,
            createConsistent: () => new ConsistentReduceOperator<TKey, T>(_selectKey, reduce, null));
    }

    /// <summary>Combines the records of a key one after the other, with a function that has a lifecycle; every record gives the new value, or, with <see cref="ExecutionOptions.ConsistentOutput"/>, every closed timestamp.</summary>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of values.</returns>
    /// <example><code>sales.KeyBy(s =&gt; s.Shop).Reduce(() =&gt; new SumSales())</code></example>
    public SingleOutputStream<T> Reduce(Func<ReduceFunction<T>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Transform(
            "Reduce",
            () =>
            {
                var function = create();
                return new ReduceOperator<TKey, T>(_selectKey, function.Reduce, function);
            },
            file,
            line,
            createConsistent: () =>
            {
                var function = create();
                return new ConsistentReduceOperator<TKey, T>(_selectKey, function.Reduce, function);
            });
    }

    /// <summary>Processes every record with keyed state, timers and side outputs.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results; side outputs through <see cref="SingleOutputStream{T}.GetSideOutput"/>.</returns>
    /// <example><code>pings.KeyBy(p =&gt; p.Device).Process(() =&gt; new Silence())</code></example>
    public SingleOutputStream<TOut> Process<TOut>(Func<KeyedProcessFunction<TKey, T, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Transform<TOut>("KeyedProcess", () => new KeyedProcessOperator<TKey, T, TOut>(_selectKey, create()), file, line);
    }

    /// <summary>Groups the records of a key into windows of event time.</summary>
    /// <param name="windows">Tumbling or sliding windows.</param>
    /// <returns>The windowed stream, to be aggregated.</returns>
    /// <example><code>flights.KeyBy(f =&gt; f.Origin).Window(TumblingEventTimeWindows.Of(TimeSpan.FromHours(1)))</code></example>
    public WindowedStream<T, TKey> Window(AlignedWindows windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        return new WindowedStream<T, TKey>(this, windows);
    }

    /// <summary>Whether all records have the same key, so that more subtasks than one would have nothing to do.</summary>
    internal bool HasOneKey { get; init; }

    internal SingleOutputStream<TOut> Transform<TOut>(
        string kind,
        Func<StreamOperator<TOut>> create,
        string file,
        int line,
        Func<ISerializerCheck, IEnumerable<string>>? check = null,
        Func<StreamOperator<TOut>>? createConsistent = null,
        LocalAggregation? local = null)
    {
        var result = _stream.Transform(kind, create, file, line, new HashPartitioning<T, TKey>(_selectKey), check, createConsistent, local);
        return HasOneKey ? result.Parallelism(1) : result;
    }

    internal Func<T, TKey> KeySelector => _selectKey;
}
