using System.Runtime.CompilerServices;
using Millrace.Runtime.State.Timers;
using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.State.Keyed;

/// <summary>Mixes a namespace into the hash of a key. Stable, so that tables have the same order in every run of a seeded simulation.</summary>
internal static class NamespaceHash
{
    // Odd multipliers from the golden ratio (Fibonacci hashing): windows differ by multiples of round numbers, which the upper half of the
    // product spreads well.
    private const ulong First = 0x9E37_79B9_7F4A_7C15;
    private const ulong Second = 0xC2B2_AE3D_27D4_EB4F;

    /// <param name="hash">The stable hash of the key.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="hasher">For the namespaces of which <see cref="NeedsHasher"/> is true; null for the others.</param>
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
        else if (typeof(TNamespace) == typeof(TimerId<VoidNamespace>))
        {
            mixed ^= Mix(Unsafe.As<TNamespace, TimerId<VoidNamespace>>(ref Unsafe.AsRef(in ns)).Time, 0);
        }
        else if (typeof(TNamespace) == typeof(TimerId<TimeWindow>))
        {
            // A window's timer is one of two or three times, so that the window's start tells the timers apart.
            ref readonly var timer = ref Unsafe.As<TNamespace, TimerId<TimeWindow>>(ref Unsafe.AsRef(in ns));
            mixed ^= Mix(timer.Time, timer.Namespace.Start);
        }
        else
        {
            mixed ^= (uint)hasher!.Hash(ns);
        }

        return mixed | 0x8000_0000;
    }

    /// <summary>The hash bits of a key that is looked for without its namespace.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint OfKey(ulong hash) => (uint)hash | 0x8000_0000;

    /// <summary>Whether there is no hash built in for a type of namespace.</summary>
    public static bool NeedsHasher<TNamespace>() =>
        typeof(TNamespace) != typeof(VoidNamespace)
        && typeof(TNamespace) != typeof(TimeWindow)
        && typeof(TNamespace) != typeof(long)
        && typeof(TNamespace) != typeof(TimerId<VoidNamespace>)
        && typeof(TNamespace) != typeof(TimerId<TimeWindow>);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Mix(long first, long second) => (uint)((((ulong)first * First) + ((ulong)second * Second)) >> 32);
}
