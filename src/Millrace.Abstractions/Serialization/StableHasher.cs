namespace Millrace.Serialization;

/// <summary>
/// Hashes keys: the same on every machine and in every version, equal for equal keys, all 64 bits well mixed. The upper 32 bits choose the
/// key group, the lower ones the place in a table, so that the two do not depend on each other. Safe for use by several threads.
/// </summary>
/// <typeparam name="T">The type of the keys.</typeparam>
public abstract class StableHasher<T>
{
    /// <summary>Hashes a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The hash.</returns>
    public abstract ulong Hash(T key);
}
