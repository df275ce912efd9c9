using System.Runtime.CompilerServices;

namespace Millrace.Nexmark.Generator;

/// <summary>Random numbers that depend on a seed and the number of an event alone.</summary>
/// <remarks>SplitMix64: Steele, Lea, Flood, <em>Fast splittable pseudorandom number generators</em>, OOPSLA 2014.</remarks>
internal struct Chance
{
    private const ulong Step = 0x9E37_79B9_7F4A_7C15;

    // Another one, so that what one event draws second is not what the next draws first.
    private const ulong EventStep = 0xD1B5_4A32_D192_ED03;

    private ulong _state;

    /// <param name="mixedSeed">The seed, from <see cref="Mix"/>.</param>
    /// <param name="number">The number of the event.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Chance(ulong mixedSeed, long number) => _state = mixedSeed + ((ulong)number * EventStep);

    /// <summary>A number from 0 to <paramref name="bound"/> − 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Below(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>A number from 0 to <paramref name="bound"/> − 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Below(int bound) => (int)Below((long)bound);

    /// <summary>Sixty-four bits to be used up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Dice Roll() => new(Next());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Next() => Mix(_state += Step);

    /// <summary>A bijection in which every bit of the input moves about half of those of the output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
