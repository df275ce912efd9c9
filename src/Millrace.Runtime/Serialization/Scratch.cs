using System.Buffers;
using System.Runtime.CompilerServices;

namespace Millrace.Runtime.Serialization;

/// <summary>A pooled array of an exact length, for columns and for elements on their way into a collection.</summary>
internal ref struct Scratch<T>
{
    private T[] _array;

    public Scratch(int length)
    {
        _array = ArrayPool<T>.Shared.Rent(length);
        Count = length;
    }

    public int Count { get; private set; }

    public readonly Span<T> Span => _array.AsSpan(0, Count);

    public static Scratch<T> Empty(int capacity) => new(capacity) { Count = 0 };

    public void Add(T value)
    {
        if (Count == _array.Length)
        {
            var larger = ArrayPool<T>.Shared.Rent(Count * 2);
            _array.AsSpan().CopyTo(larger);
            Return();
            _array = larger;
        }

        _array[Count++] = value;
    }

    public void Dispose()
    {
        Return();
        _array = [];
        Count = 0;
    }

    private readonly void Return() => ArrayPool<T>.Shared.Return(_array, clearArray: RuntimeHelpers.IsReferenceOrContainsReferences<T>());
}
