using System.IO.Hashing;
using System.Runtime.InteropServices;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.State;

/// <summary>Hand-written serializers and hashers for a few types, so that the tests of state stand on nothing but state.</summary>
internal sealed class TestSerializers : ISerializerProvider
{
    private readonly Dictionary<Type, object> _serializers = new()
    {
        [typeof(int)] = new Int32Serializer(),
        [typeof(long)] = new Int64Serializer(),
        [typeof(string)] = new StringSerializer(),
        [typeof(TimeWindow)] = new WindowSerializer(),
        [typeof(Pair)] = new PairSerializer(),
        [typeof(Box)] = new BoxSerializer(),
    };

    private readonly Dictionary<Type, object> _hashers = new()
    {
        [typeof(int)] = new Int32Hasher(),
        [typeof(long)] = new Int64Hasher(),
        [typeof(string)] = new StringHasher(),
    };

    public static TestSerializers Default { get; } = new();

    public TestSerializers With<T>(TypeSerializer<T> serializer)
    {
        _serializers[typeof(T)] = serializer;
        return this;
    }

    public TypeSerializer<T> Get<T>() => (TypeSerializer<T>)_serializers[typeof(T)];

    public StableHasher<T> GetHasher<T>() => (StableHasher<T>)_hashers[typeof(T)];
}

/// <summary>Keyed state on its own, without an operator.</summary>
internal static class TestState
{
    public static KeyedStateStore<TKey> Heap<TKey>(KeyGroupRange range, int maxParallelism, ISerializerProvider serializers)
    {
        var hasher = serializers.GetHasher<TKey>();
        return new KeyedStateStore<TKey>(new HeapKeyedStateBackend<TKey>(range, maxParallelism, serializers.Get<TKey>(), hasher), hasher, serializers);
    }
}

/// <summary>16 bytes without references.</summary>
internal record struct Pair(long Count, long Sum);

/// <summary>A mutable object: the hard case of copy-on-write.</summary>
internal sealed class Box
{
    public long A { get; set; }

    public long B { get; set; }
}

internal sealed class Int64Hasher : StableHasher<long>
{
    public override ulong Hash(long key) => Mix((ulong)key);

    // The finalizer of MurmurHash3, with an offset because it maps 0 to 0.
    public static ulong Mix(ulong key)
    {
        key += 0x9E37_79B9_7F4A_7C15;
        key = (key ^ (key >> 33)) * 0xFF51_AFD7_ED55_8CCD;
        key = (key ^ (key >> 33)) * 0xC4CE_B9FE_1A85_EC53;
        return key ^ (key >> 33);
    }
}

internal sealed class Int32Hasher : StableHasher<int>
{
    public override ulong Hash(int key) => Int64Hasher.Mix((ulong)key);
}

internal sealed class StringHasher : StableHasher<string>
{
    public override ulong Hash(string key) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(key.AsSpan()));
}

internal abstract class TestSerializer<T>(string schema, bool isImmutable = true) : TypeSerializer<T>
{
    public override TypeSchema Schema { get; } = TypeSchema.Scalar(schema);

    public override bool IsImmutable => isImmutable;

    public override T Copy(T value) => value;

    public override TypeSerializer<T> ForReading(TypeSchema written) => written.Equals(Schema)
        ? this
        : throw new StateIncompatibleException("MR4101", $"{written} cannot be read as {Schema}.");
}

internal sealed class Int32Serializer() : TestSerializer<int>("int32")
{
    public override void Write(ref BinaryOutput output, in int value) => output.WriteVarInt(value);

    public override int Read(ref BinaryInput input) => (int)input.ReadVarInt();
}

/// <summary>Reads what was written as int32, too: a widened number.</summary>
internal sealed class Int64Serializer() : TestSerializer<long>("int64")
{
    public override void Write(ref BinaryOutput output, in long value) => output.WriteFixed(value);

    public override long Read(ref BinaryInput input) => input.ReadFixed<long>();

    public override TypeSerializer<long> ForReading(TypeSchema written) => written.Name == "int32" ? new FromInt32() : base.ForReading(written);

    private sealed class FromInt32() : TestSerializer<long>("int64")
    {
        public override void Write(ref BinaryOutput output, in long value) => throw new NotSupportedException("reads only");

        public override long Read(ref BinaryInput input) => input.ReadVarInt();
    }
}

internal sealed class StringSerializer() : TestSerializer<string>("string")
{
    public override void Write(ref BinaryOutput output, in string value) => output.WriteString(value);

    public override string Read(ref BinaryInput input) => input.ReadString();
}

internal sealed class WindowSerializer() : TestSerializer<TimeWindow>("window")
{
    public override void Write(ref BinaryOutput output, in TimeWindow value)
    {
        output.WriteVarInt(value.Start);
        output.WriteVarInt(value.End);
    }

    public override TimeWindow Read(ref BinaryInput input) => new(input.ReadVarInt(), input.ReadVarInt());
}

internal sealed class PairSerializer() : TestSerializer<Pair>("pair")
{
    public override void Write(ref BinaryOutput output, in Pair value)
    {
        output.WriteFixed(value.Count);
        output.WriteFixed(value.Sum);
    }

    public override Pair Read(ref BinaryInput input) => new(input.ReadFixed<long>(), input.ReadFixed<long>());
}

internal sealed class BoxSerializer() : TestSerializer<Box>("box", isImmutable: false)
{
    public override void Write(ref BinaryOutput output, in Box value)
    {
        output.WriteFixed(value.A);
        output.WriteFixed(value.B);
    }

    public override Box Read(ref BinaryInput input) => new() { A = input.ReadFixed<long>(), B = input.ReadFixed<long>() };

    public override Box Copy(Box value) => new() { A = value.A, B = value.B };
}
