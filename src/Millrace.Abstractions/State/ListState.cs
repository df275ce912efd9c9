namespace Millrace.State;

/// <summary>A list per key, in order of addition. The handle always speaks of the key that is being processed.</summary>
/// <typeparam name="T">The type of the elements.</typeparam>
public abstract class ListState<T>
{
    /// <summary>How many elements the current key has.</summary>
    public abstract int Count { get; }

    /// <summary>Appends an element.</summary>
    /// <param name="value">The element.</param>
    public abstract void Add(T value);

    /// <summary>Appends elements.</summary>
    /// <param name="values">The elements, in order.</param>
    public abstract void AddRange(ReadOnlySpan<T> values);

    /// <summary>The elements of the current key. The span is good until the next call on any state of the operator.</summary>
    /// <returns>The elements in order; empty where there are none.</returns>
    public abstract ReadOnlySpan<T> AsSpan();

    /// <summary>Replaces the whole list. Nothing is kept for a key whose list is empty.</summary>
    /// <param name="values">The new elements; may be a part of what <see cref="AsSpan"/> gave.</param>
    public abstract void Update(ReadOnlySpan<T> values);

    /// <summary>Removes the list of the current key.</summary>
    public abstract void Clear();
}
