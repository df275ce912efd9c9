using Millrace.State;

namespace Millrace;

/// <summary>What <see cref="BroadcastProcessFunction{TIn, TBroadcast, TOut}.ProcessElement"/> sees besides the record.</summary>
public abstract class ReadOnlyBroadcastContext : ProcessContext
{
    private protected ReadOnlyBroadcastContext()
    {
    }

    /// <summary>A broadcast state, for reading.</summary>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="descriptor">The descriptor that the stream was broadcast with, or one of the same name and types.</param>
    /// <returns>The state as it is in this subtask.</returns>
    /// <exception cref="InvalidOperationException">The stream was broadcast without a state of this name, or with one of other types.</exception>
    public abstract ReadOnlyBroadcastState<TMapKey, TValue> GetBroadcastState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull;
}

/// <summary>What <see cref="BroadcastProcessFunction{TIn, TBroadcast, TOut}.ProcessBroadcastElement"/> sees besides the record.</summary>
public abstract class BroadcastContext : ProcessContext
{
    private protected BroadcastContext()
    {
    }

    /// <summary>A broadcast state, for reading and writing.</summary>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="descriptor">The descriptor that the stream was broadcast with, or one of the same name and types.</param>
    /// <returns>The state as it is in this subtask.</returns>
    /// <exception cref="InvalidOperationException">The stream was broadcast without a state of this name, or with one of other types.</exception>
    public abstract BroadcastState<TMapKey, TValue> GetBroadcastState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull;
}

/// <summary>What <see cref="KeyedBroadcastProcessFunction{TKey, TIn, TBroadcast, TOut}.ProcessElement"/> sees besides the record.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
public abstract class KeyedReadOnlyBroadcastContext<TKey> : KeyedProcessContext<TKey>
    where TKey : notnull
{
    private protected KeyedReadOnlyBroadcastContext()
    {
    }

    /// <inheritdoc cref="ReadOnlyBroadcastContext.GetBroadcastState"/>
    public abstract ReadOnlyBroadcastState<TMapKey, TValue> GetBroadcastState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull;
}

/// <summary>What <see cref="KeyedBroadcastProcessFunction{TKey, TIn, TBroadcast, TOut}.OnTimer"/> sees besides the time.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
public abstract class KeyedBroadcastTimerContext<TKey> : KeyedReadOnlyBroadcastContext<TKey>
    where TKey : notnull
{
    private protected KeyedBroadcastTimerContext()
    {
    }

    /// <summary>Which clock the timer was registered with.</summary>
    public abstract TimeDomain TimeDomain { get; }
}

/// <summary>What <see cref="KeyedBroadcastProcessFunction{TKey, TIn, TBroadcast, TOut}.ProcessBroadcastElement"/> sees besides the record.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
public abstract class KeyedBroadcastContext<TKey> : BroadcastContext
    where TKey : notnull
{
    private protected KeyedBroadcastContext()
    {
    }

    /// <summary>Calls a function for every key of this subtask that has a value, with the key as the current key. Costs a walk over all of them.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="descriptor">The keyed state.</param>
    /// <param name="apply">Called with the key and the state, which it may read, change and clear. The keys come in no particular order.</param>
    public abstract void ApplyToKeyedState<T>(ValueStateDescriptor<T> descriptor, Action<TKey, ValueState<T>> apply);

    /// <summary>Calls a function for every key of this subtask that has a list, with the key as the current key. Costs a walk over all of them.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="descriptor">The keyed state.</param>
    /// <param name="apply">Called with the key and the state, which it may read, change and clear. The keys come in no particular order.</param>
    public abstract void ApplyToKeyedState<T>(ListStateDescriptor<T> descriptor, Action<TKey, ListState<T>> apply);

    /// <summary>Calls a function for every key of this subtask that has a map, with the key as the current key. Costs a walk over all of them.</summary>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="descriptor">The keyed state.</param>
    /// <param name="apply">Called with the key and the state, which it may read, change and clear. The keys come in no particular order.</param>
    public abstract void ApplyToKeyedState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor, Action<TKey, MapState<TMapKey, TValue>> apply)
        where TMapKey : notnull;
}
