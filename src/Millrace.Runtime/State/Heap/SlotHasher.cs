using System.Runtime.CompilerServices;
using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>Says by which hash the entries of a table are found.</summary>
/// <param name="namespaces">For the namespaces of which <see cref="NamespaceHash.NeedsHasher"/> is true; null for the others.</param>
/// <param name="hasFewNamespaces"><see cref="StateTableDescriptor{TNamespace, TValue}.HasFewNamespaces"/>.</param>
/// <typeparam name="TNamespace">The type of the namespaces.</typeparam>
internal readonly struct SlotHasher<TNamespace>(StableHasher<TNamespace>? namespaces, bool hasFewNamespaces)
{
    /// <summary>Whether the key alone says where its entries are, whatever their namespaces.</summary>
    public bool IsOfKeyAlone
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(TNamespace) == typeof(VoidNamespace) || hasFewNamespaces;
    }

    /// <param name="hash">The stable hash of the key.</param>
    /// <param name="ns">The namespace.</param>
    /// <returns>The hash bits to keep in a slot: never 0.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Stored(ulong hash, scoped in TNamespace ns) => IsOfKeyAlone ? NamespaceHash.OfKey(hash) : NamespaceHash.Combine(hash, in ns, namespaces);
}
