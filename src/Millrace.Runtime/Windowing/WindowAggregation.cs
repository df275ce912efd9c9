using Millrace.Runtime.State.Keyed;
using Millrace.State.Backends;

namespace Millrace.Runtime.Windowing;

/// <summary>How records become the content of a slice, and slices the content of a window.</summary>
/// <typeparam name="TIn">The type of the records.</typeparam>
/// <typeparam name="TContent">What a slice keeps: an accumulator, a value, a list.</typeparam>
internal abstract class WindowAggregation<TIn, TContent>
{
    /// <summary>
    /// Whether contents of neighbouring slices can be combined once for many windows. A list cannot: its combination is as long as its parts.
    /// </summary>
    public abstract bool IsCombinable { get; }

    /// <summary>Contents by key and namespace: by slice, or by window.</summary>
    /// <param name="state">The state of the operator.</param>
    /// <param name="name">The name of the table.</param>
    /// <param name="hasFewNamespaces">Whether a key has one namespace at a time, or a few.</param>
    public abstract KeyedStateTable<TKey, TNamespace, TContent> CreateTable<TKey, TNamespace>(KeyedStateStore<TKey> state, string name, bool hasFewNamespaces = false);

    /// <summary>Makes the content of the first record.</summary>
    public abstract void Start(ref TContent content, TIn value);

    public abstract void Add(ref TContent content, TIn value);

    /// <summary>Makes the content of the first record, which has a timestamp.</summary>
    public virtual void Start(ref TContent content, TIn value, long timestamp) => Start(ref content, value);

    public virtual void Add(ref TContent content, TIn value, long timestamp) => Add(ref content, value);

    /// <summary>A content that can be merged into without changing its source.</summary>
    public abstract TContent Copy(in TContent source);

    /// <summary>Adds a later content to an earlier one.</summary>
    public abstract void Merge(ref TContent target, in TContent later);

    /// <summary>Removes a content that nobody uses any more.</summary>
    public virtual void Remove<TKey, TNamespace>(KeyedStateTable<TKey, TNamespace, TContent> table, in TKey key, ulong hash, in TNamespace ns) => table.Remove(in key, hash, in ns);
}

/// <summary>Contents are accumulators of a user's function.</summary>
/// <typeparam name="TIn">The type of the records.</typeparam>
/// <typeparam name="TAccumulator">The type of the accumulator.</typeparam>
/// <typeparam name="TOut">The type of the function's result.</typeparam>
internal sealed class AggregateAggregation<TIn, TAccumulator, TOut>(AggregateFunction<TIn, TAccumulator, TOut> function) : WindowAggregation<TIn, TAccumulator>
{
    public override bool IsCombinable => true;

    public override KeyedStateTable<TKey, TNamespace, TAccumulator> CreateTable<TKey, TNamespace>(KeyedStateStore<TKey> state, string name, bool hasFewNamespaces = false) =>
        state.Table<TNamespace, TAccumulator>(name, hasFewNamespaces);

    public override void Start(ref TAccumulator content, TIn value)
    {
        content = function.CreateAccumulator();
        function.Add(ref content, value);
    }

    public override void Add(ref TAccumulator content, TIn value) => function.Add(ref content, value);

    public override TAccumulator Copy(in TAccumulator source)
    {
        var copy = function.CreateAccumulator();
        function.Merge(ref copy, in source);
        return copy;
    }

    public override void Merge(ref TAccumulator target, in TAccumulator later) => function.Merge(ref target, in later);
}

/// <summary>Contents are records, combined by a user's function.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ReduceAggregation<T>(Func<T, T, T> reduce) : WindowAggregation<T, T>
{
    public override bool IsCombinable => true;

    public override KeyedStateTable<TKey, TNamespace, T> CreateTable<TKey, TNamespace>(KeyedStateStore<TKey> state, string name, bool hasFewNamespaces = false) =>
        state.Table<TNamespace, T>(name, hasFewNamespaces);

    public override void Start(ref T content, T value) => content = value;

    public override void Add(ref T content, T value) => content = reduce(content, value);

    public override T Copy(in T source) => source;

    public override void Merge(ref T target, in T later) => target = reduce(target, later);
}

/// <summary>Contents are all the records.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class ListAggregation<T> : WindowAggregation<T, StateList<T>>
{
    private readonly ListMemory<T> _memory = new();

    public override bool IsCombinable => false;

    public override KeyedStateTable<TKey, TNamespace, StateList<T>> CreateTable<TKey, TNamespace>(KeyedStateStore<TKey> state, string name, bool hasFewNamespaces = false) =>
        state.ListTable<TNamespace, T>(name, hasFewNamespaces);

    public override void Start(ref StateList<T> content, T value)
    {
        content = default;
        _memory.Add(ref content, value);
    }

    public override void Add(ref StateList<T> content, T value) => _memory.Add(ref content, value);

    public override StateList<T> Copy(in StateList<T> source)
    {
        var copy = new StateList<T>(source.Count);
        copy.AddRange(source.AsSpan());
        return copy;
    }

    public override void Merge(ref StateList<T> target, in StateList<T> later) => _memory.AddRange(ref target, later.AsSpan());

    public override void Remove<TKey, TNamespace>(KeyedStateTable<TKey, TNamespace, StateList<T>> table, in TKey key, ulong hash, in TNamespace ns) =>
        _memory.Remove(table, in key, hash, in ns);
}
