using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>The hashers of key types. Safe for use by several threads at once.</summary>
internal static class StableHashers
{
    /// <summary>The hasher of a key type.</summary>
    /// <exception cref="MillraceException">MR1104: the type cannot be a key; the message names the member.</exception>
    public static StableHasher<T> Get<T>() => Cache<T>.Hasher ??=
        HasherBuilder.TryBuild<T>(out var hasher, out string? refusal) ? hasher : throw new MillraceException("MR1104", refusal);

    private static class Cache<T>
    {
        public static StableHasher<T>? Hasher;
    }
}
