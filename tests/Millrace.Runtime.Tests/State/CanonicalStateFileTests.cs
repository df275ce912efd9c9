using CsCheck;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.Serialization;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.State;

public sealed class CanonicalStateFileTests
{
    private const int MaxParallelism = 8;
    private static readonly KeyGroupRange All = new(0, MaxParallelism);

    private static readonly Gen<Snapshot> Snapshots =
        Gen.Select(Gen.String[1, 5], Gen.Int[1, 5], Gen.Int[0, 2].Select(i => ((string[])["int64", "string", "void"])[i]), Gen.Select(Gen.Int[0, MaxParallelism - 1], Gen.Int[0, 9], Gen.Byte.Array[0, 40]).Array[0, 12])
            .Select((name, kind, schema, parts) => (
                new StateHeader(name, (KeyedStateKind)kind, TypeSchema.Scalar(schema), TypeSchema.Scalar("void"), new TypeSchema(SchemaKind.List, "", [], [TypeSchema.Scalar(schema)])),
                parts.OrderBy(part => part.Item1).ToArray()))
            .Array[0, 5]
            .Select(states => new Snapshot(states));

    [Fact]
    public void What_is_written_is_read_by_key_groups()
    {
        Gen.Select(Snapshots, Gen.Int[0, MaxParallelism], Gen.Int[0, MaxParallelism]).Sample((snapshot, from, to) =>
        {
            var reader = Open(Write(snapshot));
            Assert.Equal(MaxParallelism, reader.MaxParallelism);
            Assert.Equal(snapshot.States.Select(state => state.Header), reader.States);
            var range = new KeyGroupRange(Math.Min(from, to), Math.Abs(to - from));
            for (int i = 0; i < reader.States.Count; i++)
            {
                var expected = snapshot.States[i].Parts.Where(part => range.Contains(part.Group));
                var actual = reader.ReadChunks(reader.States[i], range).Select(chunk => (chunk.Group, chunk.Count, Convert.ToHexString(chunk.Entries.Span)));
                Assert.Equal(expected.Select(part => (part.Group, part.Count, Convert.ToHexString(part.Bytes))), actual);
            }
        });
    }

    [Fact]
    public void Every_damaged_byte_and_every_truncation_is_found()
    {
        Gen.Select(Snapshots, Gen.Int[1, 255]).Sample(
            (snapshot, flip) =>
            {
                byte[] bytes = Write(snapshot);
                for (int index = 0; index < bytes.Length; index++)
                {
                    bytes[index] ^= (byte)flip;
                    var error = Assert.Throws<MillraceException>(() => ReadAll(bytes));
                    Assert.StartsWith("MR4104: chk-3/op-1 is corrupt: ", error.Message, StringComparison.Ordinal);
                    bytes[index] ^= (byte)flip;
                }

                for (int length = 0; length < bytes.Length; length++)
                {
                    Assert.Equal("MR4104", Assert.Throws<MillraceException>(() => ReadAll(bytes[..length])).Code);
                }

                Assert.Throws<MillraceException>(() => ReadAll([.. bytes, 0]));
                ReadAll(bytes);
            },
            iter: 30);
    }

    [Fact]
    public void Read_PartDamaged_NamesStateAndGroupAndReadsTheOthers()
    {
        var header = new StateHeader("sums", KeyedStateKind.Value, TypeSchema.Scalar("int64"), TypeSchema.Scalar("void"), TypeSchema.Scalar("int64"));
        byte[] bytes = Write(new Snapshot([(header, [(1, 1, [1, 2, 3]), (5, 1, [4, 5, 6])])]));
        bytes[CanonicalStateFile.FrontLength + 4] ^= 1;
        var reader = Open(bytes);
        Assert.Equal(3, reader.ReadChunks(reader.States[0], new KeyGroupRange(0, 5)).Single().Entries.Length);
        var error = Assert.Throws<MillraceException>(() => reader.ReadChunks(reader.States[0], All).ToList());
        Assert.Contains("chk-3/op-1 is corrupt: state 'sums', key group 5: the checksum is wrong", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_GroupsOutOfOrderOrUnknown_IsRefused()
    {
        var writer = new CanonicalStateWriter(Stream.Null, MaxParallelism);
        Assert.Throws<InvalidOperationException>(() => writer.WriteChunk(0, 1, [1]));
        writer.BeginState(new StateHeader("n", KeyedStateKind.Value, TypeSchema.Scalar("int64"), TypeSchema.Scalar("void"), TypeSchema.Scalar("int64")));
        writer.WriteChunk(3, 1, [1]);
        writer.WriteChunk(3, 1, [2]);
        Assert.Throws<ArgumentException>(() => writer.WriteChunk(2, 1, [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.WriteChunk(MaxParallelism, 1, [1]));
        writer.Complete();
        Assert.Throws<ObjectDisposedException>(() => writer.WriteChunk(3, 1, [1]));
    }

    [Fact]
    public void Write_LargeGroup_IsCutIntoPartsOfAMegabyte()
    {
        const long Entries = 200_000;
        var backend = TestState.Heap<long>(new KeyGroupRange(0, 1), 1, TestSerializers.Default);
        var table = backend.Table<VoidNamespace, Pair>("pairs");
        for (long key = 0; key < Entries; key++)
        {
            table.GetOrAdd(key, backend.HashOf(key), default, out _) = new Pair(key, -key);
        }

        var stream = new MemoryStream();
        var writer = new CanonicalStateWriter(stream, 1);
        using var frozen = backend.Freeze(1);
        frozen.WriteCanonical(writer, TestContext.Current.CancellationToken);
        writer.Complete();
        var reader = new CanonicalStateReader(stream, "memory");
        int[] lengths = [.. reader.ReadChunks(reader.States[0], new KeyGroupRange(0, 1)).Select(chunk => chunk.Entries.Length)];
        Assert.Equal(Entries * 25, lengths.Sum());
        Assert.All(lengths[..^1], length => Assert.InRange(length, 1 << 17, (1 << 17) + 25));
    }

    [Fact]
    public void Restore_GroupInSeveralParts_IsWhole()
    {
        const long Entries = 100_000;
        var backend = TestState.Heap<long>(new KeyGroupRange(0, 2), 2, TestSerializers.Default);
        var table = backend.Table<VoidNamespace, Pair>("pairs");
        for (long key = 0; key < Entries; key++)
        {
            table.GetOrAdd(key, backend.HashOf(key), default, out _) = new Pair(key, -key);
        }

        var stream = new MemoryStream();
        var writer = new CanonicalStateWriter(stream, 2);
        using (var frozen = backend.Freeze(1))
        {
            frozen.WriteCanonical(writer, TestContext.Current.CancellationToken);
        }

        writer.Complete();
        Assert.Equal(stream.Length, writer.Length);
        var reader = Open(stream.ToArray());
        Assert.True(reader.ReadChunks(reader.States[0], new KeyGroupRange(1, 1)).Count() > 1);
        for (int group = 0; group < 2; group++)
        {
            var restored = TestState.Heap<long>(new KeyGroupRange(group, 1), 2, TestSerializers.Default);
            restored.Restore([reader]);

            // Once asked for and once carried over.
            var again = TestState.Heap<long>(new KeyGroupRange(group, 1), 2, TestSerializers.Default);
            again.Restore([MemoryKeyedState.Of(restored.Freeze(1), 2, TestContext.Current.CancellationToken)]);
            foreach (var store in (KeyedStateStore<long>[])[restored, again])
            {
                var part = store.Table<VoidNamespace, Pair>("pairs");
                long count = 0;
                for (long key = 0; key < Entries; key++)
                {
                    if (KeyGroup.Of(store.HashOf(key), 2) == group)
                    {
                        Assert.Equal(new Pair(key, -key), part.Peek(key, store.HashOf(key), default));
                        count++;
                    }
                }

                Assert.Equal(count, part.Count);
            }
        }
    }

    [Fact]
    public void The_format_stays_as_it_is()
    {
        var backend = TestState.Heap<long>(new KeyGroupRange(0, 1), 1, TestSerializers.Default);
        backend.SetCurrentKey(7);
        backend.GetState(new ValueStateDescriptor<int>("n")).Value = 3;
        var stream = new MemoryStream();
        var writer = new CanonicalStateWriter(stream, 1);
        using var frozen = backend.Freeze(1);
        frozen.WriteCanonical(writer, TestContext.Current.CancellationToken);
        writer.Complete();
        Assert.Equal(GoldenBytes, Convert.ToHexString(stream.ToArray()));
    }

    private const string GoldenBytes =
        "4D524B53" + "02" // magic, version
        + "0700000000000000" + "01" + "06" // the only part: key, not null, value
        + "01" + "01" + "016E" + "01" // max parallelism, one state, its name and kind
        + "010005696E7436340000" + "010004766F69640000" + "010005696E7433320000" // schemas of key, namespace and value
        + "01" + "00" + "01" + "0A" + "3CB6947E91C2E366" // one part: group, entries, bytes, checksum
        + "2E000000" + "F80FC8BE50CAEE14" + "534B524D"; // length and checksum of the index, the end

    private static byte[] Write(Snapshot snapshot)
    {
        var stream = new MemoryStream();
        var writer = new CanonicalStateWriter(stream, MaxParallelism);
        foreach (var (header, parts) in snapshot.States)
        {
            writer.BeginState(header);
            foreach (var (group, count, bytes) in parts)
            {
                writer.WriteChunk(group, count, bytes);
            }
        }

        writer.Complete();
        return stream.ToArray();
    }

    private static CanonicalStateReader Open(byte[] bytes) => new(new MemoryStream(bytes), "chk-3/op-1");

    private static void ReadAll(byte[] bytes)
    {
        var reader = Open(bytes);
        foreach (var state in reader.States)
        {
            foreach (var chunk in reader.ReadChunks(state, All))
            {
                Assert.True(chunk.Count >= 0);
            }
        }
    }

    private sealed record Snapshot(IReadOnlyList<(StateHeader Header, (int Group, int Count, byte[] Bytes)[] Parts)> States);
}
