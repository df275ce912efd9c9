using System.Runtime.CompilerServices;

namespace Millrace.Nexmark.Generator;

/// <summary>Random numbers that depend on a seed and the number of an event alone.</summary>
/// <remarks>SplitMix64: Steele, Lea, Flood, <em>Fast splittable pseudorandom number generators</em>, OOPSLA 2014.</remarks>
internal struct Chance
{
    private const ulong Step = 0x9E37_79B9_7F4A_7C15;

    private ulong _state;

    public Chance(ulong seed, long number)
    {
        _state = Mix(seed + Step) ^ Mix((ulong)number * Step);
    }

    /// <summary>A number from 0 to <paramref name="bound"/> − 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Below(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>A number from 0 to <paramref name="bound"/> − 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Below(int bound) => (int)Below((long)bound);

    /// <summary>A number from 0 to less than 1.</summary>
    public double Fraction() => (Next() >> 11) * (1.0 / (1UL << 53));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Next() => Mix(_state += Step);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
