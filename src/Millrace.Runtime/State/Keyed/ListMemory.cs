using System.Numerics;
using System.Runtime.CompilerServices;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>
/// The arrays that lists of a state have left, for lists that grow or come. Where lists come and go, as those of records that wait for a partner or of windows do, nothing is allocated for them, and
/// the garbage collector has nothing to copy.
/// </summary>
/// <remarks>Belongs to one subtask: not safe for use by several threads. An array is in one list or here, never in both.</remarks>
/// <typeparam name="T">The type of the elements.</typeparam>
internal sealed class ListMemory<T>
{
    private const int MinLength = 4;

    // What lies here is memory that nobody uses: enough for some ten thousand short lists, and little beside the state of a subtask that has so many.
    private const long MaxBytes = 8 << 20;

    // By the logarithm of their length: an array of another length than a power of two is not kept.
    private readonly Stack<T[]>?[] _free = new Stack<T[]>?[BitOperations.Log2((uint)(MaxBytes / MinLength)) + 1];
    private long _bytes;

    /// <summary>How many bytes of arrays lie here.</summary>
    public long Bytes => _bytes;

    /// <inheritdoc cref="StateList{T}.Add"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ref StateList<T> list, T value)
    {
        if (list.Count == list.Capacity)
        {
            Grow(ref list, list.Count + 1L);
        }

        list.Add(value);
    }

    /// <inheritdoc cref="StateList{T}.AddRange"/>
    public void AddRange(ref StateList<T> list, ReadOnlySpan<T> values)
    {
        // Values that lie in the list itself would be lost with the array that it leaves: it grows by itself then.
        if (list.Capacity - list.Count < values.Length && !list.AsSpan().Overlaps(values))
        {
            Grow(ref list, (long)list.Count + values.Length);
        }

        list.AddRange(values);
    }

    /// <summary>Removes a list from its table, and takes its memory where nobody else may read it.</summary>
    public void Remove<TKey, TNamespace>(KeyedStateTable<TKey, TNamespace, StateList<T>> table, in TKey key, ulong hash, in TNamespace ns)
    {
        if (table.TryTake(in key, hash, in ns, out var list))
        {
            Take(in list);
        }
    }

    /// <summary>Takes the memory of a list that has been removed from its table.</summary>
    /// <param name="list">The list; nobody else has it, and nobody may use it afterwards.</param>
    public void Take(in StateList<T> list)
    {
        var items = list.Items;
        if (items is null || !BitOperations.IsPow2(items.Length) || items.Length < MinLength)
        {
            return;
        }

        long bytes = (long)items.Length * Unsafe.SizeOf<T>();
        if (_bytes + bytes > MaxBytes)
        {
            return;
        }

        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Array.Clear(items, 0, list.Count);
        }

        _bytes += bytes;
        (_free[BitOperations.Log2((uint)items.Length)] ??= new Stack<T[]>()).Push(items);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(ref StateList<T> list, long needed)
    {
        long doubled = Math.Max(MinLength, 2L * list.Count);
        uint length = BitOperations.RoundUpToPowerOf2((uint)Math.Min(Math.Max(needed, doubled), 1u << 31));
        if (length > Array.MaxLength)
        {
            // The list grows by itself, as far as it can.
            return;
        }

        int size = BitOperations.Log2(length);
        T[] larger;
        if (size < _free.Length && _free[size] is { Count: > 0 } free)
        {
            larger = free.Pop();
            _bytes -= (long)larger.Length * Unsafe.SizeOf<T>();
        }
        else
        {
            larger = new T[length];
        }

        Take(list.MoveTo(larger));
    }
}
