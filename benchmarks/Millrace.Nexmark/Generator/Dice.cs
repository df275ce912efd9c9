using System.Runtime.CompilerServices;

namespace Millrace.Nexmark.Generator;

/// <summary>Several small random numbers out of one large one, which is used up: all of them together must not have more than sixty-four bits.</summary>
internal struct Dice(ulong bits)
{
    private ulong _bits = bits;

    /// <summary>A number from 0 to <paramref name="powerOfTwo"/> − 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int OneOf(int powerOfTwo)
    {
        int number = (int)(_bits & (uint)(powerOfTwo - 1));
        _bits >>= System.Numerics.BitOperations.Log2((uint)powerOfTwo);
        return number;
    }
}
