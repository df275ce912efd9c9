using Millrace.State;

namespace Millrace.StateProcessing;

/// <summary>Reads several states of a key at once. Instances are used by one thread at a time.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example>
/// <code>
/// sealed class Sessions : KeyedStateReaderFunction&lt;string, string&gt;
/// {
///     private ValueState&lt;int&gt; _count = null!;
///
///     public override void Open(KeyedStateReaderContext context) => _count = context.GetState(new ValueStateDescriptor&lt;int&gt;("count"));
///
///     public override IEnumerable&lt;string&gt; Read(string key, KeyTimers timers)
///     {
///         yield return $"{key}: {_count.Value}, ends at {timers.EventTime.Max()}";
///     }
/// }
/// </code>
/// </example>
public abstract class KeyedStateReaderFunction<TKey, TOut>
{
    /// <summary>Asks for the states that are read, by the descriptors that the job uses. Called once, before anything is read.</summary>
    /// <param name="context">Gives the states.</param>
    public abstract void Open(KeyedStateReaderContext context);

    /// <summary>Called for every key that has one of the states or a timer. The handles of the states speak of this key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="timers">Its timers.</param>
    /// <returns>The results; enumerated once, before the next key comes.</returns>
    public abstract IEnumerable<TOut> Read(TKey key, KeyTimers timers);
}

/// <summary>The states that a <see cref="KeyedStateReaderFunction{TKey, TOut}"/> may ask for. What it does to them is forgotten.</summary>
public abstract class KeyedStateReaderContext
{
    private protected KeyedStateReaderContext()
    {
    }

    /// <summary>A value per key.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="descriptor">Names it.</param>
    /// <returns>The handle; empty for all keys where the savepoint has no such state.</returns>
    public abstract ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor);

    /// <summary>A list per key.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="descriptor">Names it.</param>
    /// <returns>The handle; empty for all keys where the savepoint has no such state.</returns>
    public abstract ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor);

    /// <summary>A map per key.</summary>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="descriptor">Names it.</param>
    /// <returns>The handle; empty for all keys where the savepoint has no such state.</returns>
    public abstract MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull;
}

/// <summary>The timers of a key, in milliseconds since 1970-01-01 UTC, ascending.</summary>
/// <param name="EventTime">Those of event time.</param>
/// <param name="ProcessingTime">Those of the wall clock.</param>
public readonly record struct KeyTimers(IReadOnlyList<long> EventTime, IReadOnlyList<long> ProcessingTime);
