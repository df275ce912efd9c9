using System.Diagnostics.CodeAnalysis;

namespace Millrace.State;

/// <summary>Describes a <see cref="ReducingState{T}"/>.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="name">The name, unique within the operator.</param>
/// <param name="reduce">Combines the value so far with the next one into a new value.</param>
public sealed class ReducingStateDescriptor<T>(string name, Func<T, T, T> reduce) : StateDescriptor(name)
{
    /// <summary>Combines the value so far with the next one into a new value.</summary>
    public Func<T, T, T> Reduce { get; } = reduce ?? throw new ArgumentNullException(nameof(reduce));
}

/// <summary>One value per key, of all values that were added. The handle always speaks of the key that is being processed.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <remarks>In a snapshot it is a value like that of a <see cref="ValueState{T}"/> of the same name: a program may go from one to the other.</remarks>
/// <example><code>_largest = context.GetReducingState(new ReducingStateDescriptor&lt;long&gt;("largest", Math.Max));</code></example>
public sealed class ReducingState<T>
{
    private readonly ValueState<T> _state;
    private readonly Func<T, T, T> _reduce;

    internal ReducingState(ValueState<T> state, Func<T, T, T> reduce)
    {
        _state = state;
        _reduce = reduce;
    }

    /// <summary>Whether anything was added for the current key.</summary>
    public bool Exists => _state.Exists;

    /// <summary>What was added for the current key, combined; reads as <see langword="default"/> where nothing was.</summary>
    [MaybeNull]
    public T Value => _state.Value;

    /// <summary>Adds a value.</summary>
    /// <param name="value">The value. The first one of a key is kept as it is.</param>
    public void Add(T value) => _state.Value = _state.TryGet(out var current) ? _reduce(current, value) : value;

    /// <summary>Reads the value of the current key.</summary>
    /// <param name="value">The value, or <see langword="default"/>.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGet([MaybeNullWhen(false)] out T value) => _state.TryGet(out value);

    /// <summary>Removes the value of the current key. Does nothing when there is none.</summary>
    public void Clear() => _state.Clear();
}
