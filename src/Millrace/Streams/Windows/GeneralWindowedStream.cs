using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Windowing;
using Millrace.Runtime.Windowing.General;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace;

/// <summary>The records of each key, grouped into windows of any kind, which fire when a trigger says so.</summary>
/// <remarks>A window without records does not exist. It is removed when it is over: its end and the allowed lateness have passed.</remarks>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public sealed class WindowedStream<T, TKey, TWindow> : IWindowedStream<T, TKey, TWindow>
    where TKey : notnull
    where TWindow : struct, IWindow<TWindow>
{
    private readonly KeyedStream<T, TKey> _stream;
    private readonly WindowAssigner<T, TWindow> _assigner;
    private readonly IMergingWindows<TWindow>? _merging;
    private LatePolicy<T> _late;
    private Trigger<T, TWindow>? _trigger;
    private Evictor<T, TWindow>? _evictor;

    internal WindowedStream(KeyedStream<T, TKey> stream, WindowAssigner<T, TWindow> assigner, IMergingWindows<TWindow>? merging, LatePolicy<T> late)
    {
        _stream = stream;
        _assigner = assigner;
        _merging = merging;
        _late = late;
    }

    /// <summary>Says when windows fire, in place of the trigger that the windows come with.</summary>
    /// <param name="trigger">The trigger.</param>
    /// <returns>This stream.</returns>
    /// <exception cref="ArgumentException">The windows merge, and the trigger cannot.</exception>
    public WindowedStream<T, TKey, TWindow> Trigger(Trigger<T, TWindow> trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        if (_merging is not null && !trigger.CanMerge)
        {
            throw new ArgumentException($"{_assigner} merges windows, and the trigger {trigger} cannot: implement CanMerge and OnMerge, or use windows that do not merge.", nameof(trigger));
        }

        _trigger = trigger;
        return this;
    }

    /// <summary>Says when windows fire, with one of the triggers that there are.</summary>
    /// <param name="choose">Chooses the trigger.</param>
    /// <returns>This stream.</returns>
    /// <exception cref="ArgumentException">The windows merge, and the trigger cannot.</exception>
    /// <example><code>.Window(...).Trigger(on =&gt; on.Count(100).Purging())</code></example>
    public WindowedStream<T, TKey, TWindow> Trigger(Func<Triggers<T, TWindow>, Trigger<T, TWindow>> choose)
    {
        ArgumentNullException.ThrowIfNull(choose);
        return Trigger(choose(default));
    }

    /// <summary>Removes records from windows when they fire. Windows then keep every record.</summary>
    /// <param name="evictor">The evictor.</param>
    /// <returns>This stream.</returns>
    public WindowedStream<T, TKey, TWindow> Evictor(Evictor<T, TWindow> evictor)
    {
        ArgumentNullException.ThrowIfNull(evictor);
        _evictor = evictor;
        return this;
    }

    /// <summary>Removes records from windows when they fire, with one of the evictors that there are. Windows then keep every record.</summary>
    /// <param name="choose">Chooses the evictor.</param>
    /// <returns>This stream.</returns>
    /// <example><code>.Window(...).Evictor(keep =&gt; keep.Last(10))</code></example>
    public WindowedStream<T, TKey, TWindow> Evictor(Func<Evictors<T, TWindow>, Evictor<T, TWindow>> choose)
    {
        ArgumentNullException.ThrowIfNull(choose);
        return Evictor(choose(default));
    }

    /// <summary>
    /// Keeps a window of event time for a while after the watermark has passed its end. What a record does that comes in that time, the trigger says: that of event time fires at once.
    /// Windows by the clock and global windows know no late records.
    /// </summary>
    /// <param name="lateness">Zero or more, whole milliseconds. Default: zero.</param>
    /// <returns>This stream.</returns>
    public WindowedStream<T, TKey, TWindow> AllowedLateness(TimeSpan lateness)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lateness, TimeSpan.Zero);
        _late = _late with { AllowedLateness = EventTime.Milliseconds(lateness, nameof(lateness)) };
        return this;
    }

    /// <summary>Sends records that are too late for all their windows to a side output. Without it they are dropped and counted.</summary>
    /// <param name="tag">The side output.</param>
    /// <returns>This stream.</returns>
    public WindowedStream<T, TKey, TWindow> SideOutputLateData(OutputTag<T> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        _late = _late with { SideOutput = tag };
        return this;
    }

    /// <summary>Combines the records of a window; only the combined value is kept.</summary>
    /// <param name="reduce">Combines two values into a new one and changes neither; associative, and where windows merge commutative.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A value for each firing.</returns>
    /// <example><code>.Window(...).Reduce((a, b) =&gt; a.Price &gt; b.Price ? a : b)</code></example>
    public SingleOutputStream<T> Reduce(Func<T, T, T> reduce, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(reduce);
        return Transform<T, T, T>(() => new(new ReduceAggregation<T>(reduce), new ValueEmitter<TKey, TWindow, T>()), file, line);
    }

    /// <summary>Combines the records of a window, and then sees the one value together with key and window.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="reduce">Combines two values into a new one and changes neither; associative, and where windows merge commutative.</param>
    /// <param name="create">Makes the window function of a subtask; it gets exactly one element.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    public SingleOutputStream<TOut> Reduce<TOut>(
        Func<T, T, T> reduce, Func<ProcessWindowFunction<T, TOut, TKey, TWindow>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(reduce);
        ArgumentNullException.ThrowIfNull(create);
        return Transform<T, TOut, T>(
            () =>
            {
                var process = create();
                return new(new ReduceAggregation<T>(reduce), new ValueThenProcessEmitter<TKey, TWindow, T, TOut>(process), process);
            },
            file,
            line);
    }

    /// <summary>Folds the records of a window into an accumulator; only the accumulator is kept.</summary>
    /// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>A result for each firing.</returns>
    /// <example><code>.Window(...).Aggregate(() =&gt; new Average())</code></example>
    public SingleOutputStream<TOut> Aggregate<TAccumulator, TOut>(
        Func<AggregateFunction<T, TAccumulator, TOut>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Transform<TAccumulator, TOut, TAccumulator>(
            () =>
            {
                var function = create();
                return new(new AggregateAggregation<T, TAccumulator, TOut>(function), new AggregateEmitter<TKey, TWindow, T, TAccumulator, TOut>(function), function);
            },
            file,
            line);
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
    public SingleOutputStream<TOut> Aggregate<TAccumulator, TResult, TOut>(
        Func<AggregateFunction<T, TAccumulator, TResult>> createAggregate,
        Func<ProcessWindowFunction<TResult, TOut, TKey, TWindow>> createProcess,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(createAggregate);
        ArgumentNullException.ThrowIfNull(createProcess);
        return Transform<TAccumulator, TOut, TAccumulator>(
            () =>
            {
                var aggregate = createAggregate();
                var process = createProcess();
                return new(
                    new AggregateAggregation<T, TAccumulator, TResult>(aggregate),
                    new AggregateThenProcessEmitter<TKey, TWindow, T, TAccumulator, TResult, TOut>(aggregate, process),
                    aggregate,
                    process);
            },
            file,
            line);
    }

    /// <summary>Keeps all records of a window, and sees them when it fires.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="create">Makes the window function of a subtask.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    /// <example><code>.Window(...).Process(() =&gt; new Median())</code></example>
    public SingleOutputStream<TOut> Process<TOut>(
        Func<ProcessWindowFunction<T, TOut, TKey, TWindow>> create, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Transform<StateList<T>, TOut, T>(
            () =>
            {
                var process = create();
                return new(new ListAggregation<T>(), new ProcessEmitter<TKey, TWindow, T, TOut>(process), process);
            },
            file,
            line);
    }

    private SingleOutputStream<TOut> Transform<TContent, TOut, TKept>(Func<Parts<TContent, TOut>> create, string file, int line)
    {
        var (key, evictor) = (_stream.KeySelector, _evictor);
        var spec = new WindowSpec<T, TWindow>(_assigner, _merging, _trigger ?? _assigner.CreateDefaultTrigger(), _late);
        string name = _trigger is null ? _assigner.ToString()! : $"{_assigner}, {_trigger}";
        return _stream.Transform("Window", Create, file, line, evictor is null ? Check<TKept> : Check<T>).Name(name);

        KeyedOperator<TKey, T, TOut> Create()
        {
            var parts = create();
            return evictor is null
                ? new WindowOperator<TKey, T, TWindow, TContent, TOut>(key, spec, parts.Aggregation, parts.Emitter, parts.Functions)
                : new WindowOperator<TKey, T, TWindow, StateList<TimestampedValue<T>>, TOut>(
                    key,
                    spec,
                    new TimestampedListAggregation<T>(),
                    new EvictingEmitter<TKey, TWindow, T, TContent, TOut>(evictor, parts.Aggregation, parts.Emitter),
                    parts.Functions);
        }
    }

    private static IEnumerable<string> Check<TKept>(ISerializerCheck check)
    {
        if (check.WhyNotSerializable<TKept>() is { } problem)
        {
            yield return $"what the window keeps cannot be serialized: {problem}";
        }

        if ((check.WhyNotSerializable<TWindow>() ?? check.WhyNotAKey<TWindow>()) is { } window)
        {
            yield return $"windows are kept in state, and their type cannot be: {window}";
        }
    }

    private sealed class Parts<TContent, TOut>(
        WindowAggregation<T, TContent> aggregation, WindowEmitter<TKey, TWindow, TContent, TOut> emitter, params StreamFunction[] functions)
    {
        public WindowAggregation<T, TContent> Aggregation => aggregation;

        public WindowEmitter<TKey, TWindow, TContent, TOut> Emitter => emitter;

        public StreamFunction[] Functions => functions;
    }
}
