using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Millrace.Runtime.Serialization;

/// <summary>How hashes are mixed and combined.</summary>
internal static class HashMixing
{
    /// <summary>The hash of null.</summary>
    public const ulong Null = 0x9E37_79B9_7F4A_7C15;

    /// <summary>What the combination of members starts with.</summary>
    public const ulong Seed = 0x2545_F491_4F6C_DD1D;

    /// <summary>
    /// The finalizer of MurmurHash3: a bijection in which every bit of the input moves about half of the bits of the output. It maps zero to
    /// zero, so the most frequent key of all is moved away from there first.
    /// </summary>
    public static ulong Mix(ulong value)
    {
        value += Null;
        value ^= value >> 33;
        value *= 0xFF51_AFD7_ED55_8CCD;
        value ^= value >> 33;
        value *= 0xC4CE_B9FE_1A85_EC53;
        value ^= value >> 33;
        return value;
    }

    /// <summary>Combines the hash of the members so far with the next one; their order matters.</summary>
    public static ulong Combine(ulong hash, ulong next) => Mix((ulong.RotateLeft(hash, 27) * 5) + 0x52DC_E729 + next);

    /// <summary>The hash of text, over its UTF-16 code units.</summary>
    public static ulong Text(ReadOnlySpan<char> text) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text));
}
