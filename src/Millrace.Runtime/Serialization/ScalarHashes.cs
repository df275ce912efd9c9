using System.Buffers;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>The hash of a scalar. Implemented by empty structs, so that the hasher is compiled for each without a virtual call.</summary>
internal interface IScalarHash<T>
{
    static abstract ulong Hash(T value);
}

/// <summary>A hasher that is one static method.</summary>
internal interface IScalarHasher
{
    /// <summary>The method.</summary>
    MethodInfo Function { get; }
}

/// <summary>Hashes a scalar.</summary>
internal sealed class ScalarHasher<T, THash> : StableHasher<T>, IScalarHasher
    where THash : struct, IScalarHash<T>
{
    public MethodInfo Function => typeof(THash).GetMethod(nameof(Hash), [typeof(T)])!;

    public override ulong Hash(T key) => THash.Hash(key);
}

/// <summary>An integer hashes as the 64 bits of its number, so that a key that is widened stays in its key group.</summary>
internal readonly struct IntegerHash<T> : IScalarHash<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static ulong Hash(T value) => HashMixing.Mix(ulong.CreateTruncating(value));
}

/// <summary>128 bits: as 64 where they suffice.</summary>
internal readonly struct Int128Hash : IScalarHash<Int128>
{
    public static ulong Hash(Int128 value) => value >= long.MinValue && value <= long.MaxValue
        ? HashMixing.Mix((ulong)(long)value)
        : HashMixing.Combine(HashMixing.Mix((ulong)(value >> 64)), (ulong)value);
}

/// <summary>128 bits: as 64 where they suffice.</summary>
internal readonly struct UInt128Hash : IScalarHash<UInt128>
{
    public static ulong Hash(UInt128 value) => value <= ulong.MaxValue
        ? HashMixing.Mix((ulong)value)
        : HashMixing.Combine(HashMixing.Mix((ulong)(value >> 64)), (ulong)value);
}

/// <summary>A bool hashes as 0 or 1.</summary>
internal readonly struct BooleanHash : IScalarHash<bool>
{
    public static ulong Hash(bool value) => HashMixing.Mix(value ? 1UL : 0UL);
}

/// <summary>A char hashes as its number.</summary>
internal readonly struct CharHash : IScalarHash<char>
{
    public static ulong Hash(char value) => HashMixing.Mix(value);
}

/// <summary>A Unicode scalar value hashes as its number.</summary>
internal readonly struct RuneHash : IScalarHash<Rune>
{
    public static ulong Hash(Rune value) => HashMixing.Mix((uint)value.Value);
}

/// <summary>The two zeros are equal, and so are all that are not a number.</summary>
internal readonly struct DoubleHash : IScalarHash<double>
{
    public static ulong Hash(double value) => HashMixing.Mix(
        value == 0 ? 0 : double.IsNaN(value) ? 0x7FF8_0000_0000_0000 : BitConverter.DoubleToUInt64Bits(value));
}

/// <summary>As the double that it is.</summary>
internal readonly struct SingleHash : IScalarHash<float>
{
    public static ulong Hash(float value) => DoubleHash.Hash(value);
}

/// <summary>As the double that it is.</summary>
internal readonly struct HalfHash : IScalarHash<Half>
{
    public static ulong Hash(Half value) => DoubleHash.Hash((double)value);
}

/// <summary>1.0 and 1.00 are equal, so trailing zeros do not count.</summary>
internal readonly struct DecimalHash : IScalarHash<decimal>
{
    // Dividing by one with all decimal places makes the scale as small as it can be.
    private const decimal One = 1.0000000000000000000000000000m;

    public static ulong Hash(decimal value)
    {
        if (value == 0)
        {
            return HashMixing.Mix(0);
        }

        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value / One, bits);
        return HashMixing.Combine(HashMixing.Mix((uint)bits[0] | ((ulong)(uint)bits[1] << 32)), (uint)bits[2] | ((ulong)(uint)bits[3] << 32));
    }
}

/// <summary>Text hashes over its UTF-16 code units.</summary>
internal readonly struct StringHash : IScalarHash<string?>
{
    public static ulong Hash(string? value) => value is null ? HashMixing.Null : HashMixing.Text(value);
}

/// <summary>Both halves.</summary>
internal readonly struct GuidHash : IScalarHash<Guid>
{
    public static ulong Hash(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes);
        return HashMixing.Combine(
            HashMixing.Mix(System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes)),
            System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
    }
}

/// <summary>Equality of times ignores the kind, so only the ticks count.</summary>
internal readonly struct DateTimeHash : IScalarHash<DateTime>
{
    public static ulong Hash(DateTime value) => HashMixing.Mix((ulong)value.Ticks);
}

/// <summary>Equality is of the moment, whatever the offset.</summary>
internal readonly struct DateTimeOffsetHash : IScalarHash<DateTimeOffset>
{
    public static ulong Hash(DateTimeOffset value) => HashMixing.Mix((ulong)value.UtcTicks);
}

/// <summary>The ticks.</summary>
internal readonly struct TimeSpanHash : IScalarHash<TimeSpan>
{
    public static ulong Hash(TimeSpan value) => HashMixing.Mix((ulong)value.Ticks);
}

/// <summary>The days.</summary>
internal readonly struct DateOnlyHash : IScalarHash<DateOnly>
{
    public static ulong Hash(DateOnly value) => HashMixing.Mix((ulong)value.DayNumber);
}

/// <summary>The ticks.</summary>
internal readonly struct TimeOnlyHash : IScalarHash<TimeOnly>
{
    public static ulong Hash(TimeOnly value) => HashMixing.Mix((ulong)value.Ticks);
}

/// <summary>As an integer of 64 bits where they suffice, otherwise over its bytes.</summary>
internal readonly struct BigIntegerHash : IScalarHash<BigInteger>
{
    public static ulong Hash(BigInteger value)
    {
        if (value >= long.MinValue && value <= long.MaxValue)
        {
            return HashMixing.Mix((ulong)(long)value);
        }

        int length = value.GetByteCount();
        byte[]? rented = length > 256 ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> bytes = rented ?? stackalloc byte[256];
        value.TryWriteBytes(bytes, out int written);
        ulong hash = System.IO.Hashing.XxHash3.HashToUInt64(bytes[..written]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return hash;
    }
}

/// <summary>The four numbers.</summary>
internal readonly struct VersionHash : IScalarHash<Version?>
{
    public static ulong Hash(Version? value) => value is null
        ? HashMixing.Null
        : HashMixing.Combine(
            HashMixing.Mix((uint)value.Major | ((ulong)(uint)value.Minor << 32)),
            (uint)value.Build | ((ulong)(uint)value.Revision << 32));
}

/// <summary>An enum hashes as its number.</summary>
internal sealed class EnumHasher<TEnum, TNumber>(StableHasher<TNumber> number) : StableHasher<TEnum>
    where TEnum : struct, Enum
    where TNumber : unmanaged
{
    public override ulong Hash(TEnum key) => number.Hash(Unsafe.BitCast<TEnum, TNumber>(key));
}
