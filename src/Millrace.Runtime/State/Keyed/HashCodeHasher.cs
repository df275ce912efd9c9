using Millrace.Serialization;

namespace Millrace.Runtime.State.Keyed;

/// <summary>Hashes with the type's own <c>GetHashCode</c>: for hashes that never leave the process.</summary>
internal sealed class HashCodeHasher<T> : StableHasher<T>
{
    public override ulong Hash(T key) => NamespaceHash.Mix(key?.GetHashCode() ?? 0, 0);
}
