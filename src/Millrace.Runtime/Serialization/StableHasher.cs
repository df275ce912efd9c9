namespace Millrace.Runtime.Serialization;

/// <summary>
/// Hashes keys: the same on every machine and in every version, equal for equal keys, all 64 bits well mixed. The upper 32 bits choose the
/// key group, the lower ones the place in a table, so that the two do not depend on each other.
/// </summary>
/// <typeparam name="T">The type of the keys.</typeparam>
internal abstract class StableHasher<T>
{
    public abstract ulong Hash(T key);
}
