using System.Buffers;
using Millrace.Connectors;

namespace Millrace.Formats.Parquet.Tests;

public enum Kind
{
    Small,
    Large,
}

/// <summary>A member of every type.</summary>
public sealed record Everything(
    bool Flag, sbyte I8, byte U8, short I16, ushort U16, int I32, uint U32, long I64, ulong U64, float F32, double F64, decimal Money, string? Text, Kind Kind, Guid Id, DateTime Time,
    DateTimeOffset Instant, DateOnly Day, TimeOnly Clock, TimeSpan Span, int? MaybeI32, double? MaybeF64, decimal? MaybeMoney, Kind? MaybeKind, DateTimeOffset? MaybeInstant, DateOnly? MaybeDay);

public sealed record Row(int Id, string? Name = null);

internal static class Rows
{
    public static byte[] File<T>(IEnumerable<T> rows, ParquetOptions? options = null)
    {
        var output = new ArrayBufferWriter<byte>();
        using var encoder = ParquetFormat.Of<T>(options).CreateEncoder();
        encoder.WriteHeader(output);
        foreach (var some in rows.Chunk(7))
        {
            encoder.Write(output, some);
        }

        encoder.WriteFooter(output);
        return output.WrittenSpan.ToArray();
    }
}
