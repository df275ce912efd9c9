using System.Buffers;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;

namespace Millrace.Runtime.Tests.Serialization;

/// <summary>Short ways through serializers.</summary>
internal static class Bytes
{
    public static byte[] Of<T>(TypeSerializer<T> serializer, T value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        serializer.Write(ref output, in value);
        output.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] Of<T>(T value) => Of(TypeSerializers.Get<T>(), value);

    public static string Hex<T>(T value) => Convert.ToHexStringLower(Of(value));

    public static T Read<T>(TypeSerializer<T> serializer, ReadOnlySpan<byte> bytes)
    {
        var input = new BinaryInput(bytes);
        var value = serializer.Read(ref input);
        Assert.Equal(0, input.Remaining);
        return value;
    }

    public static T RoundTrip<T>(T value) => Read(TypeSerializers.Get<T>(), Of(value));

    public static byte[] OfBatch<T>(TypeSerializer<T> serializer, ReadOnlySpan<T> values)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        serializer.WriteBatch(ref output, values);
        output.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static T[] ReadBatch<T>(TypeSerializer<T> serializer, ReadOnlySpan<byte> bytes, int count)
    {
        var input = new BinaryInput(bytes);
        var values = new T[count];
        serializer.ReadBatch(ref input, values);
        Assert.Equal(0, input.Remaining);
        return values;
    }

    public static byte[] OfSchema(TypeSchema schema)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        SchemaFormat.Write(ref output, schema);
        output.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static TypeSchema ReadSchema(ReadOnlySpan<byte> bytes)
    {
        var input = new BinaryInput(bytes);
        return SchemaFormat.Read(ref input);
    }

    /// <summary>Reads what an older type wrote as a newer one, one by one and as a batch.</summary>
    public static TNew[] Evolve<TOld, TNew>(params TOld[] values)
    {
        var old = TypeSerializers.Get<TOld>();
        var schema = ReadSchema(OfSchema(old.Schema));
        var reading = TypeSerializers.Get<TNew>().ForReading(schema);
        var single = values.Select(v => Read(reading, Of(old, v))).ToArray();
        var batch = ReadBatch(reading, OfBatch<TOld>(old, values), values.Length);
        Assert.Equivalent(single, batch);
        return single;
    }
}
