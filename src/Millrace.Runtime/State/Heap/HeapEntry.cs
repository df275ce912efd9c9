using System.Runtime.InteropServices;

namespace Millrace.Runtime.State.Heap;

/// <summary>A slot of a <see cref="HeapTable{TKey, TNamespace, TValue}"/>.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct HeapEntry<TKey, TNamespace, TValue>
{
    /// <summary>The hash of key and namespace with the top bit set; 0 in an empty slot. Its low bits are the slot where the entry wants to be.</summary>
    public uint Stored;

    public TKey Key;

    public TNamespace Namespace;

    public TValue Value;
}
