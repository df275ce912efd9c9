using System.Runtime.CompilerServices;
using Millrace.State.Backends;

namespace Millrace.Runtime.State;

/// <summary>
/// Which key group a key belongs to, and which subtask a key group. As in Apache Flink: groups are dealt out in contiguous ranges, so that a
/// rescale moves whole groups.
/// </summary>
internal static class KeyGroups
{
    public const int DefaultMaxParallelism = 128;

    /// <summary>Key groups are numbered with 15 bits in snapshots.</summary>
    public const int UpperBound = 32_768;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int GroupOf(ulong hash, int maxParallelism) => KeyGroup.Of(hash, maxParallelism);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SubtaskOf(int group, int maxParallelism, int parallelism) => group * parallelism / maxParallelism;

    public static KeyGroupRange RangeOf(int subtask, int maxParallelism, int parallelism)
    {
        int start = ((subtask * maxParallelism) + parallelism - 1) / parallelism;
        int end = (((subtask + 1) * maxParallelism) + parallelism - 1) / parallelism;
        return new KeyGroupRange(start, end - start);
    }
}
