using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Millrace.Runtime.State.Heap;

/// <summary>Hints to the processor.</summary>
internal static class CacheLine
{
    /// <summary>Starts loading the cache line of a value. Does nothing where the processor has no such instruction that .NET knows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Prefetch<T>(ref T place)
    {
        if (Sse.IsSupported)
        {
            // The place may move meanwhile: then the hint is wasted, and nothing else happens.
            Sse.Prefetch0(Unsafe.AsPointer(ref place));
        }
    }
}
