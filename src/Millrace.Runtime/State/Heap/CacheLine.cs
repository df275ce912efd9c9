using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Millrace.Runtime.State.Heap;

/// <summary>Hints to the processor.</summary>
internal static class CacheLine
{
    private const int Size = 64;

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

    /// <summary>Starts loading all cache lines of a value, up to four: behind those the processor has seen where it goes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void PrefetchAll<T>(ref T place)
    {
        if (Sse.IsSupported)
        {
            byte* start = (byte*)Unsafe.AsPointer(ref place);
            for (int offset = 0; offset < Math.Min(Unsafe.SizeOf<T>(), 4 * Size); offset += Size)
            {
                Sse.Prefetch0(start + offset);
            }

            Sse.Prefetch0(start + Math.Min(Unsafe.SizeOf<T>(), 4 * Size) - 1);
        }
    }
}
