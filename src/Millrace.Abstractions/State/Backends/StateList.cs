namespace Millrace.State.Backends;

/// <summary>A growing list that is kept inline in a state table. The default value is an empty list, which owns no memory.</summary>
/// <typeparam name="T">The type of the elements.</typeparam>
/// <remarks>A mutable struct: change it through the reference that the table gives, never through a copy.</remarks>
public struct StateList<T>
{
    private T[]? _items;
    private int _count;

    /// <summary>Creates an empty list.</summary>
    /// <param name="capacity">How many elements it takes without growing.</param>
    public StateList(int capacity)
    {
        _items = capacity == 0 ? null : new T[capacity];
    }

    /// <summary>How many elements there are.</summary>
    public readonly int Count => _count;

    /// <summary>The elements, in order. Good until the list changes.</summary>
    /// <returns>A view of the list's own memory.</returns>
    public readonly Span<T> AsSpan() => new(_items, 0, _count);

    /// <summary>Appends an element.</summary>
    /// <param name="value">The element.</param>
    public void Add(T value)
    {
        if (_items is null || _count == _items.Length)
        {
            Grow(1);
        }

        RecordCopy<T>.Write(ref _items![_count++], in value);
    }

    /// <summary>Appends elements.</summary>
    /// <param name="values">The elements; may be a part of this list.</param>
    public void AddRange(ReadOnlySpan<T> values)
    {
        if (values.IsEmpty)
        {
            return;
        }

        if (_items is null || _items.Length - _count < values.Length)
        {
            Grow(values.Length);
        }

        values.CopyTo(_items.AsSpan(_count));
        _count += values.Length;
    }

    /// <summary>Replaces all elements.</summary>
    /// <param name="values">The new elements; may be a part of this list.</param>
    public void Replace(ReadOnlySpan<T> values)
    {
        // A list that shrinks to a quarter gives its memory back, so that one long list in the past does not cost for ever.
        if (_items is null || _items.Length < values.Length || (_items.Length > 16 && values.Length <= _items.Length / 4))
        {
            _items = values.IsEmpty ? null : values.ToArray();
        }
        else
        {
            values.CopyTo(_items);
            if (values.Length < _count)
            {
                Array.Clear(_items, values.Length, _count - values.Length);
            }
        }

        _count = values.Length;
    }

    /// <summary>Removes all elements and releases the memory.</summary>
    public void Clear() => this = default;

    /// <summary>How many elements it takes without growing.</summary>
    internal readonly int Capacity => _items is null ? 0 : _items.Length;

    /// <summary>The memory of the list.</summary>
    internal readonly T[]? Items => _items;

    /// <summary>Goes on in an array that is longer and has nothing in it.</summary>
    /// <returns>The list as it was, which nobody has any more.</returns>
    internal StateList<T> MoveTo(T[] larger)
    {
        var before = this;
        AsSpan().CopyTo(larger);
        _items = larger;
        return before;
    }

    /// <summary>A list that takes over an array which is full.</summary>
    internal static StateList<T> Over(T[] items) => new() { _items = items.Length == 0 ? null : items, _count = items.Length };

    private void Grow(int more)
    {
        int needed = checked(_count + more);
        int doubled = (int)Math.Min((uint)_count * 2, (uint)Array.MaxLength);
        Array.Resize(ref _items, Math.Max(Math.Max(needed, doubled), 4));
    }
}
