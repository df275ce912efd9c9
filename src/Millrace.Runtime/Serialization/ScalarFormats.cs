using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using Millrace.Serialization;

namespace Millrace.Runtime.Serialization;

/// <summary>An integer: its size, little endian.</summary>
internal readonly struct IntegerFormat<T> : IScalarFormat<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static string Name { get; } = (T.IsNegative(~T.Zero) ? "int" : "uint") + (Unsafe.SizeOf<T>() * 8).ToString(CultureInfo.InvariantCulture);

    public static int MinBytes => Unsafe.SizeOf<T>();

    public static bool IsRaw => true;

    public static void Write(ref BinaryOutput output, T value) => output.WriteFixed(value);

    public static T Read(ref BinaryInput input) => input.ReadFixed<T>();
}

/// <summary>One byte, 0 or 1.</summary>
internal readonly struct BooleanFormat : IScalarFormat<bool>
{
    public static string Name => "bool";

    public static int MinBytes => 1;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, bool value) => output.WriteBoolean(value);

    public static bool Read(ref BinaryInput input) => input.ReadBoolean();
}

/// <summary>A UTF-16 code unit of 2 bytes.</summary>
internal readonly struct CharFormat : IScalarFormat<char>
{
    public static string Name => "char";

    public static int MinBytes => 2;

    public static bool IsRaw => true;

    public static void Write(ref BinaryOutput output, char value) => output.WriteFixed((ushort)value);

    public static char Read(ref BinaryInput input) => (char)input.ReadFixed<ushort>();
}

/// <summary>A Unicode scalar value of 4 bytes.</summary>
internal readonly struct RuneFormat : IScalarFormat<Rune>
{
    public static string Name => "rune";

    public static int MinBytes => 4;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, Rune value) => output.WriteFixed(value.Value);

    public static Rune Read(ref BinaryInput input)
    {
        int value = input.ReadFixed<int>();
        return Rune.IsValid(value) ? new Rune(value) : throw Corrupt.Value(ref input, "rune");
    }
}

/// <summary>IEEE 754, 2 bytes.</summary>
internal readonly struct HalfFormat : IScalarFormat<Half>
{
    public static string Name => "float16";

    public static int MinBytes => 2;

    public static bool IsRaw => true;

    public static void Write(ref BinaryOutput output, Half value) => output.WriteFixed(BitConverter.HalfToUInt16Bits(value));

    public static Half Read(ref BinaryInput input) => BitConverter.UInt16BitsToHalf(input.ReadFixed<ushort>());
}

/// <summary>IEEE 754, 4 bytes.</summary>
internal readonly struct SingleFormat : IScalarFormat<float>
{
    public static string Name => "float32";

    public static int MinBytes => 4;

    public static bool IsRaw => true;

    public static void Write(ref BinaryOutput output, float value) => output.WriteSingle(value);

    public static float Read(ref BinaryInput input) => input.ReadSingle();
}

/// <summary>IEEE 754, 8 bytes.</summary>
internal readonly struct DoubleFormat : IScalarFormat<double>
{
    public static string Name => "float64";

    public static int MinBytes => 8;

    public static bool IsRaw => true;

    public static void Write(ref BinaryOutput output, double value) => output.WriteDouble(value);

    public static double Read(ref BinaryInput input) => input.ReadDouble();
}

/// <summary>Low, middle and high 32 bits, then sign and scale, as <see cref="decimal.GetBits(decimal)"/> gives them: 1.0 and 1.00 stay apart.</summary>
internal readonly struct DecimalFormat : IScalarFormat<decimal>
{
    public static string Name => "decimal";

    public static int MinBytes => 16;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        foreach (int part in bits)
        {
            output.WriteFixed(part);
        }
    }

    public static decimal Read(ref BinaryInput input)
    {
        Span<int> bits = stackalloc int[4];
        foreach (ref int part in bits)
        {
            part = input.ReadFixed<int>();
        }

        int scale = (bits[3] >> 16) & 0xFF;
        return (bits[3] & 0x7F00_FFFF) == 0 && scale <= 28 ? new decimal(bits) : throw Corrupt.Value(ref input, "decimal");
    }
}

/// <summary>16 bytes, in the order of <see cref="Guid.ToByteArray()"/>.</summary>
internal readonly struct GuidFormat : IScalarFormat<Guid>
{
    public static string Name => "guid";

    public static int MinBytes => 16;

    public static bool IsRaw => true;

    public static void Write(ref BinaryOutput output, Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes);
        output.WriteRaw(bytes);
    }

    public static Guid Read(ref BinaryInput input) => new(input.ReadRaw(16));
}

/// <summary>Ticks in the low 62 bits, the kind in the high two. A local time stays the number it is: it is not moved to another machine's zone.</summary>
internal readonly struct DateTimeFormat : IScalarFormat<DateTime>
{
    private const ulong TicksMask = (1UL << 62) - 1;

    public static string Name => "datetime";

    public static int MinBytes => 8;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, DateTime value) => output.WriteFixed((ulong)value.Ticks | ((ulong)value.Kind << 62));

    public static DateTime Read(ref BinaryInput input)
    {
        ulong bits = input.ReadFixed<ulong>();
        long ticks = (long)(bits & TicksMask);
        return ticks <= DateTime.MaxValue.Ticks && bits >> 62 <= 2
            ? new DateTime(ticks, (DateTimeKind)(bits >> 62))
            : throw Corrupt.Value(ref input, "datetime");
    }
}

/// <summary>Ticks of the clock time (8 bytes) and the offset in minutes (2 bytes).</summary>
internal readonly struct DateTimeOffsetFormat : IScalarFormat<DateTimeOffset>
{
    public static string Name => "datetimeoffset";

    public static int MinBytes => 10;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, DateTimeOffset value)
    {
        output.WriteFixed(value.Ticks);
        output.WriteFixed((short)value.TotalOffsetMinutes);
    }

    public static DateTimeOffset Read(ref BinaryInput input)
    {
        long ticks = input.ReadFixed<long>();
        int minutes = input.ReadFixed<short>();
        long utc = ticks - (minutes * TimeSpan.TicksPerMinute);
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks && minutes is >= -840 and <= 840 && utc >= 0 && utc <= DateTime.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.FromMinutes(minutes))
            : throw Corrupt.Value(ref input, "datetimeoffset");
    }
}

/// <summary>Ticks, 8 bytes.</summary>
internal readonly struct TimeSpanFormat : IScalarFormat<TimeSpan>
{
    public static string Name => "timespan";

    public static int MinBytes => 8;

    public static bool IsRaw => true;

    public static void Write(ref BinaryOutput output, TimeSpan value) => output.WriteFixed(value.Ticks);

    public static TimeSpan Read(ref BinaryInput input) => new(input.ReadFixed<long>());
}

/// <summary>Days since 0001-01-01, 4 bytes.</summary>
internal readonly struct DateOnlyFormat : IScalarFormat<DateOnly>
{
    public static string Name => "date";

    public static int MinBytes => 4;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, DateOnly value) => output.WriteFixed(value.DayNumber);

    public static DateOnly Read(ref BinaryInput input)
    {
        int day = input.ReadFixed<int>();
        return day >= 0 && day <= DateOnly.MaxValue.DayNumber ? DateOnly.FromDayNumber(day) : throw Corrupt.Value(ref input, "date");
    }
}

/// <summary>Ticks since midnight, 8 bytes.</summary>
internal readonly struct TimeOnlyFormat : IScalarFormat<TimeOnly>
{
    public static string Name => "time";

    public static int MinBytes => 8;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, TimeOnly value) => output.WriteFixed(value.Ticks);

    public static TimeOnly Read(ref BinaryInput input)
    {
        long ticks = input.ReadFixed<long>();
        return ticks >= 0 && ticks < TimeSpan.TicksPerDay ? new TimeOnly(ticks) : throw Corrupt.Value(ref input, "time");
    }
}

/// <summary>A length, then two's complement, little endian, as short as possible.</summary>
internal readonly struct BigIntegerFormat : IScalarFormat<BigInteger>
{
    public static string Name => "bigint";

    public static int MinBytes => 2;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, BigInteger value)
    {
        int length = value.GetByteCount();
        byte[]? rented = length > 256 ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> bytes = rented ?? stackalloc byte[256];
        value.TryWriteBytes(bytes, out int written);
        output.WriteVarUInt((ulong)written);
        output.WriteRaw(bytes[..written]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    public static BigInteger Read(ref BinaryInput input) => new(input.ReadRaw(input.ReadLength()));
}

/// <summary>Text: 0 for null, otherwise the length in UTF-8 bytes and 1; then the bytes.</summary>
internal readonly struct StringFormat : IScalarFormat<string?>
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Name => "string";

    public static int MinBytes => 1;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, string? value)
    {
        if (value is null)
        {
            output.WriteByte(0);
            return;
        }

        output.WriteText(value);
    }

    public static string? Read(ref BinaryInput input)
    {
        int length = Counts.Read(ref input, bytesPerItem: 1);
        if (length == Counts.Null)
        {
            return null;
        }

        try
        {
            return StrictUtf8.GetString(input.ReadRaw(length));
        }
        catch (DecoderFallbackException exception)
        {
            throw new InvalidDataException($"The {length} bytes that end at byte {input.Position} are not UTF-8.", exception);
        }
    }
}

/// <summary>The text that the address was made of.</summary>
internal readonly struct UriFormat : IScalarFormat<Uri?>
{
    public static string Name => "uri";

    public static int MinBytes => 1;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, Uri? value) => StringFormat.Write(ref output, value?.OriginalString);

    public static Uri? Read(ref BinaryInput input)
    {
        string? text = StringFormat.Read(ref input);
        return text is null ? null : Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out var uri) ? uri : throw Corrupt.Value(ref input, "uri");
    }
}

/// <summary>The version as text.</summary>
internal readonly struct VersionFormat : IScalarFormat<Version?>
{
    public static string Name => "version";

    public static int MinBytes => 1;

    public static bool IsRaw => false;

    public static void Write(ref BinaryOutput output, Version? value) => StringFormat.Write(ref output, value?.ToString());

    public static Version? Read(ref BinaryInput input)
    {
        string? text = StringFormat.Read(ref input);
        return text is null ? null : Version.TryParse(text, out var version) ? version : throw Corrupt.Value(ref input, "version");
    }
}

/// <summary>Errors of input that cannot have been written by this format.</summary>
internal static class Corrupt
{
    public static InvalidDataException Value(ref BinaryInput input, string name) =>
        new($"The bytes that end at byte {input.Position} are no {name}.");
}
