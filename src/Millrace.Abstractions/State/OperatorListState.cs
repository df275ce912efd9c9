namespace Millrace.State;

/// <summary>A list that belongs to a subtask of an operator and not to a key. Kept in memory; written whole into every checkpoint. Not safe for use by several threads.</summary>
/// <typeparam name="T">The type of the elements; serializable.</typeparam>
public abstract class OperatorListState<T>
{
    /// <summary>The elements, in order.</summary>
    public abstract IReadOnlyList<T> Items { get; }

    /// <summary>Appends an element.</summary>
    /// <param name="value">The element.</param>
    public abstract void Add(T value);

    /// <summary>Replaces the whole list.</summary>
    /// <param name="values">The new elements, in order.</param>
    public abstract void Update(IEnumerable<T> values);

    /// <summary>Removes all elements.</summary>
    public void Clear() => Update([]);
}
