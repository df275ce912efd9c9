using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Windowing;
using Millrace.Runtime.Windowing.Local;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace;

/// <summary>The records of each key, grouped into windows of event time.</summary>
/// <remarks>A window fires when the watermark passes its end; a window without records does not exist.</remarks>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TKey">The type of the key.</typeparam>
public sealed partial class WindowedStream<T, TKey> : IWindowedStream<T, TKey, TimeWindow>
    where TKey : notnull
{
    private readonly KeyedStream<T, TKey> _stream;
    private readonly AlignedWindows _windows;
    private LatePolicy<T> _late = new(0, null);

    internal WindowedStream(KeyedStream<T, TKey> stream, AlignedWindows windows)
    {
        _stream = stream;
        _windows = windows;
    }

    /// <summary>
    /// Keeps a window for a while after the watermark has passed its end. A record that comes in that time makes it fire again at once, with the
    /// record counted.
    /// </summary>
    /// <param name="lateness">Zero or more, whole milliseconds. Default: zero.</param>
    /// <returns>This stream.</returns>
    /// <example><code>.Window(...).AllowedLateness(TimeSpan.FromMinutes(1))</code></example>
    public WindowedStream<T, TKey> AllowedLateness(TimeSpan lateness)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lateness, TimeSpan.Zero);
        _late = _late with { AllowedLateness = EventTime.Milliseconds(lateness, nameof(lateness)) };
        return this;
    }

    /// <summary>Sends records that are too late for all their windows to a side output. Without it they are dropped and counted.</summary>
    /// <param name="tag">The side output.</param>
    /// <returns>This stream.</returns>
    /// <example><code>.Window(...).SideOutputLateData(Late)</code></example>
    public WindowedStream<T, TKey> SideOutputLateData(OutputTag<T> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        _late = _late with { SideOutput = tag };
        return this;
    }

    /// <summary>Combines the records of a window; only the combined value is kept.</summary>
    /// <param name="reduce">Combines two values into a new one and changes neither; associative, and for sliding windows commutative.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A value for each key and window.</returns>
    /// <example><code>.Window(...).Reduce((a, b) =&gt; a.Price &gt; b.Price ? a : b)</code></example>
    public SingleOutputStream<T> Reduce(Func<T, T, T> reduce, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(reduce);
        var (windows, late, key) = (_windows, _late, _stream.KeySelector);
        return Transform<T, T>(
            () => new SliceWindowOperator<TKey, T, T, T>(key, windows, late, new ReduceAggregation<T>(reduce), new ValueEmitter<TKey, TimeWindow, T>()),
            file,
            line,
            () => new ReduceAggregation<T>(reduce));
    }

    /// <summary>Combines the records of a window, and then sees the one value together with key and window.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="reduce">Combines two values into a new one and changes neither; associative, and for sliding windows commutative.</param>
    /// <param name="create">Makes the window function of a subtask; it gets exactly one element.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>.Window(...).Reduce((a, b) =&gt; a.Price &gt; b.Price ? a : b, () =&gt; new WithWindow())</code></example>
    public SingleOutputStream<TOut> Reduce<TOut>(
        Func<T, T, T> reduce, Func<ProcessWindowFunction<T, TOut, TKey, TimeWindow>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(reduce);
        ArgumentNullException.ThrowIfNull(create);
        var (windows, late, key) = (_windows, _late, _stream.KeySelector);
        return Transform<TOut, T>(
            () =>
            {
                var process = create();
                return new SliceWindowOperator<TKey, T, T, TOut>(
                    key, windows, late, new ReduceAggregation<T>(reduce), new ValueThenProcessEmitter<TKey, TimeWindow, T, TOut>(process), process);
            },
            file,
            line,
            () => new ReduceAggregation<T>(reduce));
    }

    /// <summary>Folds the records of a window into an accumulator; only the accumulator is kept.</summary>
    /// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A result for each key and window.</returns>
    /// <example><code>.Window(...).Aggregate(() =&gt; new Average())</code></example>
    public SingleOutputStream<TOut> Aggregate<TAccumulator, TOut>(
        Func<AggregateFunction<T, TAccumulator, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        var (windows, late, key) = (_windows, _late, _stream.KeySelector);
        return Transform<TOut, TAccumulator>(
            () =>
            {
                var function = create();
                return new SliceWindowOperator<TKey, T, TAccumulator, TOut>(
                    key,
                    windows,
                    late,
                    new AggregateAggregation<T, TAccumulator, TOut>(function),
                    new AggregateEmitter<TKey, TimeWindow, T, TAccumulator, TOut>(function),
                    function);
            },
            file,
            line,
            () => LocalAggregation.Of(create()));
    }

    /// <summary>Folds the records of a window into an accumulator, and then sees the one result together with key and window.</summary>
    /// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
    /// <typeparam name="TResult">The type of the aggregate's result.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="createAggregate">Makes the aggregate function of a subtask.</param>
    /// <param name="createProcess">Makes the window function of a subtask; it gets exactly one element.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>.Window(...).Aggregate(() =&gt; new Average(), () =&gt; new WithWindow())</code></example>
    public SingleOutputStream<TOut> Aggregate<TAccumulator, TResult, TOut>(
        Func<AggregateFunction<T, TAccumulator, TResult>> createAggregate,
        Func<ProcessWindowFunction<TResult, TOut, TKey, TimeWindow>> createProcess,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(createAggregate);
        ArgumentNullException.ThrowIfNull(createProcess);
        var (windows, late, key) = (_windows, _late, _stream.KeySelector);
        return Transform<TOut, TAccumulator>(
            () =>
            {
                var aggregate = createAggregate();
                var process = createProcess();
                return new SliceWindowOperator<TKey, T, TAccumulator, TOut>(
                    key,
                    windows,
                    late,
                    new AggregateAggregation<T, TAccumulator, TResult>(aggregate),
                    new AggregateThenProcessEmitter<TKey, TimeWindow, T, TAccumulator, TResult, TOut>(aggregate, process),
                    aggregate,
                    process);
            },
            file,
            line,
            () => LocalAggregation.Of(createAggregate()));
    }

    /// <summary>Keeps all records of a window, and sees them when it fires.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the window function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>.Window(...).Process(() =&gt; new Median())</code></example>
    public SingleOutputStream<TOut> Process<TOut>(
        Func<ProcessWindowFunction<T, TOut, TKey, TimeWindow>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        var (windows, late, key) = (_windows, _late, _stream.KeySelector);
        return Transform<TOut, T>(
            () =>
            {
                var process = create();
                return new SliceWindowOperator<TKey, T, StateList<T>, TOut>(
                    key, windows, late, new ListAggregation<T>(), new ProcessEmitter<TKey, TimeWindow, T, TOut>(process), process);
            },
            file,
            line);
    }

    private SingleOutputStream<TOut> Transform<TOut, TKept>(
        Func<Runtime.Operators.KeyedOperator<TKey, T, TOut>> create, string file, int line, Func<WindowAggregation<T, TKept>?>? createLocal = null)
    {
        // What is late is known where the window is, and single records are needed for it to fire again with each, or to send them elsewhere.
        bool dropsLate = _late is { AllowedLateness: 0, SideOutput: null };
        var local = createLocal is null || !dropsLate ? null : new LocalAggregation<TKey, T, TKept>(_windows, createLocal);
        return _stream.Transform("Window", create, file, line, CheckState<TKept>, local: local).Name(_windows.ToString()!);
    }

    private static IEnumerable<string> CheckState<TKept>(ISerializerCheck check)
    {
        if (check.WhyNotSerializable<TKept>() is { } problem)
        {
            yield return $"what the window keeps cannot be serialized: {problem}";
        }
    }
}
