using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PolyType.Abstractions;

namespace Millrace.Runtime.Serialization;

/// <summary>How to look into a kind of collection, and how to make one.</summary>
internal abstract class ListAccess<TList, TElement>
{
    public virtual bool IsImmutable => false;

    public virtual TList Null => default!;

    public virtual bool IsNull(TList list) => list is null;

    public abstract bool TryGetSpan(TList list, out ReadOnlySpan<TElement> span);

    /// <summary>Copies the elements, in the order in which they make the same collection again.</summary>
    public virtual void CopyTo(TList list, ref Scratch<TElement> elements) => throw new NotSupportedException();

    /// <summary>Makes a collection with room to be filled in place, if the kind can.</summary>
    public virtual bool TryCreate(int count, out TList list, out Span<TElement> room)
    {
        list = default!;
        room = default;
        return false;
    }

    public abstract TList Create(ReadOnlySpan<TElement> elements);

    /// <summary>The access for a shape.</summary>
    public static ListAccess<TList, TElement>? Find(IEnumerableTypeShape<TList, TElement> shape) =>
        typeof(TList) == typeof(TElement[]) ? (ListAccess<TList, TElement>)(object)new ArrayAccess<TElement>()
        : typeof(TList) == typeof(List<TElement>) ? (ListAccess<TList, TElement>)(object)new ArrayListAccess<TElement>()
        : typeof(TList) == typeof(ImmutableArray<TElement>) ? (ListAccess<TList, TElement>)(object)new ImmutableArrayAccess<TElement>()
        : typeof(TList) == typeof(Memory<TElement>) ? (ListAccess<TList, TElement>)(object)new MemoryAccess<TElement>()
        : typeof(TList) == typeof(ReadOnlyMemory<TElement>) ? (ListAccess<TList, TElement>)(object)new ReadOnlyMemoryAccess<TElement>()
        : shape.ConstructionStrategy == CollectionConstructionStrategy.None || shape.IsAsyncEnumerable || shape.Rank > 1 ? null
        : new ShapeListAccess<TList, TElement>(shape);
}

/// <summary>Arrays.</summary>
internal sealed class ArrayAccess<T> : ListAccess<T[], T>
{
    public override bool TryGetSpan(T[] list, out ReadOnlySpan<T> span)
    {
        span = new ReadOnlySpan<T>(list);
        return true;
    }

    public override bool TryCreate(int count, out T[] list, out Span<T> room)
    {
        list = new T[count];
        room = list;
        return true;
    }

    public override T[] Create(ReadOnlySpan<T> elements) => elements.ToArray();
}

/// <summary>Lists.</summary>
internal sealed class ArrayListAccess<T> : ListAccess<List<T>, T>
{
    public override bool TryGetSpan(List<T> list, out ReadOnlySpan<T> span)
    {
        span = CollectionsMarshal.AsSpan(list);
        return true;
    }

    public override bool TryCreate(int count, out List<T> list, out Span<T> room)
    {
        list = new List<T>(count);
        CollectionsMarshal.SetCount(list, count);
        room = CollectionsMarshal.AsSpan(list);
        return true;
    }

    public override List<T> Create(ReadOnlySpan<T> elements)
    {
        var list = new List<T>(elements.Length);
        list.AddRange(elements);
        return list;
    }
}

/// <summary>Immutable arrays; the default one counts as null.</summary>
internal sealed class ImmutableArrayAccess<T> : ListAccess<ImmutableArray<T>, T>
{
    public override bool IsImmutable => true;

    public override bool IsNull(ImmutableArray<T> list) => list.IsDefault;

    public override bool TryGetSpan(ImmutableArray<T> list, out ReadOnlySpan<T> span)
    {
        span = list.AsSpan();
        return true;
    }

    public override bool TryCreate(int count, out ImmutableArray<T> list, out Span<T> room)
    {
        var array = new T[count];
        list = ImmutableCollectionsMarshal.AsImmutableArray(array);
        room = array;
        return true;
    }

    public override ImmutableArray<T> Create(ReadOnlySpan<T> elements) => [.. elements];
}

/// <summary>Memory.</summary>
internal sealed class MemoryAccess<T> : ListAccess<Memory<T>, T>
{
    public override bool IsNull(Memory<T> list) => false;

    public override bool TryGetSpan(Memory<T> list, out ReadOnlySpan<T> span)
    {
        span = list.Span;
        return true;
    }

    public override bool TryCreate(int count, out Memory<T> list, out Span<T> room)
    {
        list = new T[count];
        room = list.Span;
        return true;
    }

    public override Memory<T> Create(ReadOnlySpan<T> elements) => elements.ToArray();
}

/// <summary>Read-only memory. Others may still write to what it shows.</summary>
internal sealed class ReadOnlyMemoryAccess<T> : ListAccess<ReadOnlyMemory<T>, T>
{
    public override bool IsNull(ReadOnlyMemory<T> list) => false;

    public override bool TryGetSpan(ReadOnlyMemory<T> list, out ReadOnlySpan<T> span)
    {
        span = list.Span;
        return true;
    }

    public override bool TryCreate(int count, out ReadOnlyMemory<T> list, out Span<T> room)
    {
        var array = new T[count];
        list = array;
        room = array;
        return true;
    }

    public override ReadOnlyMemory<T> Create(ReadOnlySpan<T> elements) => elements.ToArray();
}

/// <summary>Every other collection, through its shape.</summary>
internal sealed class ShapeListAccess<TList, TElement>(IEnumerableTypeShape<TList, TElement> shape) : ListAccess<TList, TElement>
{
    private static readonly string? Definition = typeof(TList).IsGenericType ? typeof(TList).GetGenericTypeDefinition().FullName : null;

    // Stacks enumerate from the top, but are filled from the bottom.
    private static readonly bool IsStack = Definition is "System.Collections.Generic.Stack`1" or "System.Collections.Concurrent.ConcurrentStack`1"
        or "System.Collections.Immutable.ImmutableStack`1" or "System.Collections.Immutable.IImmutableStack`1";

    private readonly Func<TList, IEnumerable<TElement>> _enumerate = shape.GetGetEnumerable();
    private readonly MutableCollectionConstructor<TElement, TList>? _begin =
        shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable ? shape.GetDefaultConstructor() : null;

    private readonly EnumerableAppender<TList, TElement>? _append =
        shape.ConstructionStrategy == CollectionConstructionStrategy.Mutable ? shape.GetAppender() : null;

    private readonly ParameterizedCollectionConstructor<TElement, TElement, TList>? _construct =
        shape.ConstructionStrategy == CollectionConstructionStrategy.Parameterized ? shape.GetParameterizedConstructor() : null;

    public override bool IsImmutable { get; } = CollectionKinds.IsImmutable(typeof(TList));

    public override bool TryGetSpan(TList list, out ReadOnlySpan<TElement> span)
    {
        // Of interfaces, the usual implementations.
        if (!typeof(TList).IsValueType)
        {
            if (list is TElement[] array)
            {
                span = new ReadOnlySpan<TElement>(array);
                return true;
            }

            if (list!.GetType() == typeof(List<TElement>))
            {
                span = CollectionsMarshal.AsSpan(Unsafe.As<List<TElement>>(list));
                return true;
            }
        }

        span = default;
        return false;
    }

    public override void CopyTo(TList list, ref Scratch<TElement> elements)
    {
        if (list is HashSet<TElement> set)
        {
            foreach (var element in set)
            {
                elements.Add(element);
            }
        }
        else if (list is Queue<TElement> queue)
        {
            foreach (var element in queue)
            {
                elements.Add(element);
            }
        }
        else
        {
            foreach (var element in _enumerate(list))
            {
                elements.Add(element);
            }
        }

        if (IsStack)
        {
            elements.Span.Reverse();
        }
    }

    public override TList Create(ReadOnlySpan<TElement> elements)
    {
        try
        {
            if (_construct is not null)
            {
                return _construct(elements);
            }

            var list = _begin!(new CollectionConstructionOptions<TElement> { Capacity = elements.Length });
            foreach (var element in elements)
            {
                _append!(ref list, element);
            }

            return list;
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"The elements do not make a {TypeNames.Of(typeof(TList))}: {exception.Message}", exception);
        }
    }
}

/// <summary>What is known of the framework's collections.</summary>
internal static class CollectionKinds
{
    /// <summary>Whether a collection can never change: the immutable and the frozen ones, not what is merely read-only to its holder.</summary>
    public static bool IsImmutable(Type type) => type.Namespace is "System.Collections.Immutable" or "System.Collections.Frozen";
}
