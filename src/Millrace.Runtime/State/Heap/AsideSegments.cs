using System.Runtime.CompilerServices;

namespace Millrace.Runtime.State.Heap;

/// <summary>An entry that was put aside for a snapshot.</summary>
internal struct AsideEntry<TKey, TNamespace, TValue>
{
    public int Slot;

    /// <summary>The entry of the same block that was put aside before, plus one; 0 for none.</summary>
    public int Next;

    public HeapEntry<TKey, TNamespace, TValue> Content;
}

/// <summary>
/// The memory into which a state's entries are put aside while a snapshot is written. It is kept from one snapshot to the next: getting as much from the system again
/// cost more than putting entries into it. What one snapshot did not need is let go.
/// </summary>
/// <remarks>The subtask takes segments; the threads that write snapshots give them back.</remarks>
internal sealed class AsideSegments<TKey, TNamespace, TValue>
{
    /// <summary>The most entries in a segment.</summary>
    public const int MaxLength = 1024;

    private readonly Lock _gate = new();
    private readonly Stack<AsideEntry<TKey, TNamespace, TValue>[]> _free = [];

    // How many of those that are free have not been needed since the last time that some were let go.
    private int _unneeded;

    // References would keep alive what they refer to, and emptying the segments costs as much as new ones.
    private static bool AreKept => !RuntimeHelpers.IsReferenceOrContainsReferences<HeapEntry<TKey, TNamespace, TValue>>();

    /// <summary>How many entries there is room for without asking the system.</summary>
    public int Kept
    {
        get
        {
            lock (_gate)
            {
                return _free.Count * MaxLength;
            }
        }
    }

    public AsideEntry<TKey, TNamespace, TValue>[] Rent(int length)
    {
        if (length == MaxLength && AreKept)
        {
            lock (_gate)
            {
                if (_free.TryPop(out var kept))
                {
                    _unneeded = Math.Min(_unneeded, _free.Count);
                    return kept;
                }
            }
        }

        return GC.AllocateUninitializedArray<AsideEntry<TKey, TNamespace, TValue>>(length);
    }

    public void Return(AsideEntry<TKey, TNamespace, TValue>[]?[] segments)
    {
        if (!AreKept)
        {
            return;
        }

        lock (_gate)
        {
            foreach (var segment in segments)
            {
                if (segment is { Length: MaxLength })
                {
                    _free.Push(segment);
                }
            }
        }
    }

    /// <summary>No snapshot reads the state any more: lets go what none has needed since this was called before.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            for (; _unneeded > 0; _unneeded--)
            {
                _free.Pop();
            }

            _unneeded = _free.Count;
        }
    }
}
