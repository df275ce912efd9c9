using System.Runtime.CompilerServices;
using Millrace.Runtime.Serialization;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.State;

/// <summary>Mixes a namespace into the hash of a key. Stable, so that tables have the same order in every run of a seeded simulation.</summary>
internal static class NamespaceHash
{
    // Odd multipliers from the golden ratio (Fibonacci hashing): windows differ by multiples of round numbers, which the upper half of the
    // product spreads well.
    private const ulong First = 0x9E37_79B9_7F4A_7C15;
    private const ulong Second = 0xC2B2_AE3D_27D4_EB4F;

    /// <param name="hash">The stable hash of the key.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="hasher">For namespaces that are neither void, nor a window, nor a long; unused and null for those.</param>
    /// <returns>The hash bits to keep in a slot: never 0.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Combine<TNamespace>(ulong hash, in TNamespace ns, StableHasher<TNamespace>? hasher)
    {
        // The comparisons of types are constants for the just-in-time compiler.
        uint mixed = (uint)hash;
        if (typeof(TNamespace) == typeof(VoidNamespace))
        {
        }
        else if (typeof(TNamespace) == typeof(TimeWindow))
        {
            ref readonly var window = ref Unsafe.As<TNamespace, TimeWindow>(ref Unsafe.AsRef(in ns));
            mixed ^= Mix(window.Start, window.End);
        }
        else if (typeof(TNamespace) == typeof(long))
        {
            mixed ^= Mix(Unsafe.As<TNamespace, long>(ref Unsafe.AsRef(in ns)), 0);
        }
        else
        {
            mixed ^= (uint)hasher!.Hash(ns);
        }

        return mixed | 0x8000_0000;
    }

    public static bool NeedsHasher<TNamespace>() =>
        typeof(TNamespace) != typeof(VoidNamespace) && typeof(TNamespace) != typeof(TimeWindow) && typeof(TNamespace) != typeof(long);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Mix(long first, long second) => (uint)((((ulong)first * First) + ((ulong)second * Second)) >> 32);
}
