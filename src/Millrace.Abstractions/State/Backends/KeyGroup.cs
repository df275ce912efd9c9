using System.Runtime.CompilerServices;

namespace Millrace.State.Backends;

/// <summary>The rule that assigns keys to key groups. It is part of the snapshot format: it never changes.</summary>
public static class KeyGroup
{
    /// <summary>The key group of a key.</summary>
    /// <param name="hash">The key's stable 64-bit hash, of which the upper 32 bits count.</param>
    /// <param name="maxParallelism">How many key groups there are; 1 to 32,768.</param>
    /// <returns>0 to <paramref name="maxParallelism"/> − 1.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(ulong hash, int maxParallelism) => (int)(((hash >> 32) * (uint)maxParallelism) >> 32);
}
