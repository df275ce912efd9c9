using System.Runtime.InteropServices;

namespace Millrace.Runtime.State.Heap;

/// <summary>A slot of a <see cref="HeapTable{TKey, TNamespace, TValue}"/>.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct HeapEntry<TKey, TNamespace, TValue>
{
    /// <summary>The hash of key and namespace with the top bit set. In an empty slot the top bit is not: then it is 0, or what <see cref="HeapGroup{TKey, TNamespace, TValue}"/> keeps there.</summary>
    public uint Stored;

    public TKey Key;

    public TNamespace Namespace;

    public TValue Value;

    /// <summary>Whether there is an entry in the slot.</summary>
    public readonly bool IsFull => (int)Stored < 0;
}
