using System.Collections.Immutable;
using System.Numerics;
using CsCheck;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;

namespace Millrace.Runtime.Tests.Serialization;

public sealed class FormatTests
{
    [Fact]
    public void Bytes_OfEachKind_ArePinned()
    {
        // A change of one of these makes every snapshot unreadable that was written before.
        string[] bytes =
        [
            Bytes.Hex(true), Bytes.Hex((byte)0xAB), Bytes.Hex((sbyte)-2), Bytes.Hex((short)-2), Bytes.Hex((ushort)0x1234), Bytes.Hex(0x12345678), Bytes.Hex(1u), Bytes.Hex(-2L), Bytes.Hex(1ul),
            Bytes.Hex((Int128)1), Bytes.Hex((UInt128)1), Bytes.Hex((Half)1.5), Bytes.Hex(1.5f), Bytes.Hex(1.5), Bytes.Hex(-1.50m), Bytes.Hex('A'), Bytes.Hex(new System.Text.Rune(0x1F701)),
            Bytes.Hex("Aö"), Bytes.Hex(""), Bytes.Hex<string?>(null), Bytes.Hex(new Guid("00112233-4455-6677-8899-aabbccddeeff")),
            Bytes.Hex(new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc)), Bytes.Hex(new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.FromHours(-1))), Bytes.Hex(TimeSpan.FromSeconds(1)),
            Bytes.Hex(new DateOnly(2024, 1, 2)), Bytes.Hex(new TimeOnly(3, 4)), Bytes.Hex(new Uri("urn:b")), Bytes.Hex(new Version(1, 2)), Bytes.Hex(new BigInteger(-300)), Bytes.Hex(Level.High),
            Bytes.Hex<int?>(null), Bytes.Hex<int?>(5), Bytes.Hex((1, "a")), Bytes.Hex(new Flight("LHR", 5, default)), Bytes.Hex<Flight?>(null), Bytes.Hex(new Point(1, 2)), Bytes.Hex(new Nothing()),
            Bytes.Hex<byte[]>([1, 2]), Bytes.Hex<List<short>>([1, 2]), Bytes.Hex<List<short>?>(null), Bytes.Hex<ImmutableArray<string>>(["a"]), Bytes.Hex(new Stack<byte>([1, 2, 3])),
            Bytes.Hex(new Dictionary<string, int> { ["a"] = 1 }), Bytes.Hex(new Tree(1, new Tree(2, null, null), null)), Bytes.Hex<Shape>(new Rectangle(1, 2, 3)), Bytes.Hex<Shape?>(null),
            Bytes.Hex<Animal>(new Animal("a")), Bytes.Hex<Flight[]>([new Flight("a", 1, default)]),
            Batch(1, 2, 3), Batch(new Point(1, 2), new Point(3, 4)), Batch(new Flight("a", 1, default), new Flight("b", 2, default)), Batch(new Flight("a", 1, default), null),
            Batch<int?>(1, 2), Batch<int?>(1, null), Batch("a", null, "b"), Batch(new Reading(1, 2, default, null), new Reading(3, 4, default, 5)), Batch<Shape>(new Circle(1, 2)),
        ];
        Assert.Equal(Golden.Bytes, bytes);
    }

    [Fact]
    public void Read_TruncatedInput_IsAnErrorOfTheInput()
    {
        Truncated(5);
        Truncated("hello");
        Truncated(BigInteger.Pow(2, 100));
        Truncated(new Flight("LHR", 5, DateTimeOffset.UnixEpoch));
        Truncated(new List<Flight> { new("LHR", 5, DateTimeOffset.UnixEpoch) });
        Truncated(new Dictionary<string, int[]> { ["a"] = [1, 2] });
        Truncated<Shape>(new Group(1, [new Circle(1, 2)]));
        Truncated(new Tree(1, new Tree(2, null, null), null));
        Truncated(new Uri("https://example.org"));
    }

    [Fact]
    public void Read_AnyInput_GivesAValueOrAnErrorOfTheInput()
    {
        Arbitrary<string>();
        Arbitrary<decimal>();
        Arbitrary<DateTime>();
        Arbitrary<DateTimeOffset>();
        Arbitrary<DateOnly>();
        Arbitrary<TimeOnly>();
        Arbitrary<Uri>();
        Arbitrary<Version>();
        Arbitrary<BigInteger>();
        Arbitrary<System.Text.Rune>();
        Arbitrary<bool?>();
        Arbitrary<List<string>>();
        Arbitrary<ImmutableDictionary<string, int>>();
        Arbitrary<SortedDictionary<string, Flight>>();
        Arbitrary<Shape>();
        Arbitrary<Node>();
        Arbitrary<Tree>();
        Arbitrary<HashSet<byte[]>>();
    }

    [Fact]
    public void Read_CountBeyondTheInput_AllocatesNothingForIt()
    {
        byte[] bytes = [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 1, 2, 3];
        Refuses<int[]>(bytes);
        Refuses<List<Flight>>(bytes);
        Refuses<List<Nothing>>(bytes);
        Refuses<string>(bytes);
        Refuses<Dictionary<string, string>>(bytes);
        Refuses<HashSet<byte>>(bytes);
        Refuses<ImmutableArray<Guid>>(bytes);
    }

    [Fact]
    public void Read_NestedTooDeep_IsAnErrorAndNoStackOverflow()
    {
        byte[] bytes = new byte[100_000];
        for (int i = 0; i < bytes.Length; i += 5)
        {
            bytes[i] = 1;
        }

        Assert.Throws<InvalidDataException>(() => Bytes.Read(TypeSerializers.Get<Tree>(), bytes));
    }

    [Fact]
    public void WriteAndRead_OfStructs_AllocateOnlyTheResult()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1 << 20);
        var serializer = TypeSerializers.Get<Reading>();
        var reading = new Reading(1, 2, new Point(3, 4), 5);
        var batch = Enumerable.Repeat(reading, 512).ToArray();
        long allocated = long.MaxValue;

        // The first rounds fill the pools and compile.
        for (int round = 0; round < 5; round++)
        {
            buffer.ResetWrittenCount();
            long before = GC.GetAllocatedBytesForCurrentThread();
            var output = new BinaryOutput(buffer);
            for (int i = 0; i < 100; i++)
            {
                serializer.Write(ref output, in reading);
            }

            serializer.WriteBatch(ref output, batch);
            output.Flush();
            var input = new BinaryInput(buffer.WrittenSpan);
            for (int i = 0; i < 100; i++)
            {
                serializer.Read(ref input);
            }

            serializer.ReadBatch(ref input, batch);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
        Assert.All(batch, r => Assert.Equal(reading, r));
    }

    private static string Batch<T>(params T[] values) => Convert.ToHexStringLower(Bytes.OfBatch<T>(TypeSerializers.Get<T>(), values));

    private static void Truncated<T>(T value)
    {
        byte[] bytes = Bytes.Of(value);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.True(Record.Exception(() => Bytes.Read(TypeSerializers.Get<T>(), bytes.AsSpan(0, length))) is EndOfStreamException or InvalidDataException);
        }
    }

    private static void Arbitrary<T>() => Gen.OneOf(Gen.Byte, Gen.Byte[0, 4]).Array[0, 60].Sample(
        bytes =>
        {
            var error = Record.Exception(() =>
            {
                var input = new BinaryInput(bytes);
                TypeSerializers.Get<T>().Read(ref input);
            });
            Assert.True(error is null or EndOfStreamException or InvalidDataException, error?.ToString());
        },
        iter: 2_000);

    private static void Refuses<T>(byte[] bytes)
    {
        var serializer = TypeSerializers.Get<T>();
        Assert.Throws<InvalidDataException>(() => Bytes.Read(serializer, bytes));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => Bytes.Read(serializer, bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }
}
