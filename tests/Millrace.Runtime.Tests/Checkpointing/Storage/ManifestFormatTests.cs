using CsCheck;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Graph;
using Millrace.Runtime.State.Operator;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Tests.Checkpointing.Storage;

public sealed class ManifestFormatTests
{
    private static readonly Gen<ReadOnlyMemory<byte>> GenBytes = Gen.Byte.Array[0, 12].Select(bytes => new ReadOnlyMemory<byte>(bytes));
    private static readonly TypeSchema[] Schemas =
        [TypeSchema.Scalar("int32"), new(SchemaKind.List, "", [], [TypeSchema.Scalar("string")]), new(SchemaKind.Opaque, "x", [], [])];

    private static readonly Gen<TypeSchema> GenSchema = Gen.Int[0, 2].Select(index => Schemas[index]);

    private static readonly Gen<StateFile> GenFile = Gen.Select(Gen.String[0, 5], Gen.Int[0, 2], GenBytes, Gen.Long[0, long.MaxValue], Gen.ULong).Select((name, place, bytes, length, checksum) =>
        place == 0 ? new StateFile(name, "", bytes.Length, checksum, bytes) : new StateFile(name, place == 1 ? "job/chk-7/ab12" : "job/shared/cd34", length, checksum));

    private static readonly Gen<OperatorSnapshot> GenSubtask = Gen.Select(
        Gen.String, Gen.Int[0, 99], Gen.Bool, GenFile.Array[0, 3], GenBytes, Gen.Select(GenSchema, GenBytes.Array[0, 3], Gen.Bool).Array[0, 2]).Select((uid, index, keyed, files, metadata, states) => new OperatorSnapshot(
            uid, index, keyed ? new KeyedStateHandle("rocks", 128, new KeyGroupRange(3, 8), files, metadata) : null,
            [.. states.Select(state => new OperatorStateSnapshot("s", state.Item3 ? Redistribution.Union : Redistribution.Split, state.Item1, state.Item2))]));

    private static readonly Gen<CheckpointManifest> GenManifest = Gen.Select(
        Gen.String, Gen.Long, Gen.Enum<SnapshotKind>(),
        Gen.Select(Gen.String, Gen.Int[1, 200], Gen.Bool, GenSchema, GenBytes, GenSubtask.Array[0, 3]).Array[0, 3],
        Gen.Select(Gen.Int[0, 9], Gen.Bool, GenFile).Array[0, 3]).Select((name, number, kind, operators, channels) => new CheckpointManifest(
            "job", name, number, number / 2, kind, -number,
            [.. operators.Select(item => new OperatorManifest(item.Item1, "n", item.Item2, 200, item.Item3, item.Item3 ? new CoordinatorSnapshot(item.Item4, item.Item5) : null, item.Item6))],
            [.. channels.Select(item => new ChannelSnapshot(item.Item2 ? "a|b|0|" : "a|c|0|", item.Item1, item.Item1 + 1, item.Item2, 5, item.Item3) { Format = item.Item2 ? new InFlightFormat(PartitioningKind.Forward, Schemas[1]) : null })]));

    private static CheckpointManifest Sample => new(
        "job", "Job", 7, 2, SnapshotKind.CanonicalSavepoint, 1_000,
        [
            new OperatorManifest("uid", "operator", 2, 128, true, new CoordinatorSnapshot(TypeSchema.Scalar("int32"), new byte[] { 1, 2 }),
            [
                new OperatorSnapshot("uid", 1, new KeyedStateHandle("canonical", 128, new KeyGroupRange(64, 64), [new StateFile("k", "saved/a/f1", 10, 99), new StateFile("i", "", 2, 5, new byte[] { 8, 9 })], default),
                    [new OperatorStateSnapshot("offsets", Redistribution.Union, TypeSchema.Scalar("int64"), [new byte[] { 4 }])]),
            ]),
        ],
        [new ChannelSnapshot("a|b|0|", 0, 1, true, 3, new StateFile("c", "saved/a/f2", 20, 98)) { Format = new InFlightFormat(PartitioningKind.Hash, TypeSchema.Scalar("string")) }]);

    // Fields in the order of docs/reference/checkpoint-format.md; without the checksum at the end.
    private const string GoldenBody =
        "036A6F62" + "034A6F62" + "0E" + "04" + "01" + "D00F"
        + "01" + "03756964" + "086F70657261746F72" + "02" + "8001" + "01" + "01" + "010005696E7433320000" + "020102"
        + "01" + "03756964" + "01" + "01" + "0963616E6F6E6963616C" + "8001" + "40" + "40"
        + "02" + "016B" + "01" + "026631" + "0A" + "6300000000000000" + "0169" + "00" + "020809" + "0500000000000000" + "00"
        + "01" + "076F666673657473" + "01" + "010005696E7436340000" + "01" + "0104"
        + "01" + "06617C627C307C" + "00" + "01" + "01" + "03" + "0163" + "01" + "026632" + "14" + "6200000000000000";

    private const string GoldenFormats = "01" + "06617C627C307C" + "02" + "010006737472696E670000";

    [Fact]
    public void The_bytes_are_those_that_are_documented()
    {
        string bytes = Convert.ToHexString(ManifestFormat.Write(Sample, "saved/a"));
        Assert.Equal($"4D52434D02{LengthOf(GoldenBody + GoldenFormats)}{GoldenBody}{GoldenFormats}", bytes[..^16]);
    }

    [Fact]
    public void Version_1_is_read_and_does_not_say_what_edges_were_like()
    {
        byte[] front = Convert.FromHexString($"4D52434D01{LengthOf(GoldenBody)}{GoldenBody}");
        byte[] bytes = [.. front, .. BitConverter.GetBytes(System.IO.Hashing.XxHash3.HashToUInt64(front))];

        var read = ManifestFormat.Read(bytes, "saved/a");

        Assert.Equal(Plain(Sample with { InFlight = [Sample.InFlight[0] with { Format = null }] }), Plain(read));
    }

    private static string LengthOf(string hex) => Convert.ToHexString(BitConverter.GetBytes(hex.Length / 2));

    [Fact]
    public void A_manifest_is_read_back_as_it_was_written() => GenManifest.Sample(manifest =>
    {
        var bytes = ManifestFormat.Write(manifest, "job/chk-7");
        var read = ManifestFormat.Read(bytes, "job/chk-7");
        Assert.Equal(Plain(manifest), Plain(read));
        Assert.Equal(bytes, ManifestFormat.Write(read, "job/chk-7"));
    }, iter: 500, threads: 1);

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        var bytes = ManifestFormat.Write(Sample, "saved/a");
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flipped = bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            var error = Assert.Throws<MillraceException>(() => ManifestFormat.Read(flipped, "saved/a"));
            Assert.Contains("saved/a/_metadata", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_shorter_and_longer_manifest_is_refused()
    {
        var bytes = ManifestFormat.Write(Sample, "saved/a");
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Equal("MR4201", Assert.Throws<MillraceException>(() => ManifestFormat.Read(bytes.AsMemory(0, length), "saved/a")).Code);
        }

        Assert.Equal("MR4201", Assert.Throws<MillraceException>(() => ManifestFormat.Read((byte[])[.. bytes, 0], "saved/a")).Code);
    }

    [Fact]
    public void A_later_version_is_refused_with_words_that_say_so()
    {
        var bytes = ManifestFormat.Write(Sample, "saved/a");
        bytes[4] = 3;
        var error = Assert.Throws<MillraceException>(() => ManifestFormat.Read(bytes, "saved/a"));
        Assert.Equal("MR4202", error.Code);
        Assert.Contains("later version", error.Message, StringComparison.Ordinal);
        bytes[4] = 0;
        Assert.Equal("MR4201", Assert.Throws<MillraceException>(() => ManifestFormat.Read(bytes, "saved/a")).Code);
    }

    [Fact]
    public void Files_beside_the_manifest_follow_when_the_folder_is_moved()
    {
        var read = ManifestFormat.Read(ManifestFormat.Write(Sample, "saved/a"), "else/where");
        Assert.Equal(["else/where/f1", "else/where/f2"], ManifestFiles.Of(read).Select(item => item.File.Path));
    }

    // Memory compares by reference, and records of lists do too.
    private static string Plain(CheckpointManifest manifest) => string.Join('\n',
    [
        $"{manifest.JobId} {manifest.JobName} {manifest.CheckpointId} {manifest.Epoch} {manifest.Kind} {manifest.Timestamp}",
        .. manifest.Operators.Select(item => $"{item.Uid} {item.Name} {item.Parallelism} {item.MaxParallelism} {item.IsFinished} {item.Coordinator?.Schema} {Hex(item.Coordinator?.State ?? default)}"),
        .. manifest.Operators.SelectMany(item => item.Subtasks).Select(item => $"{item.Uid} {item.SubtaskIndex} {item.Keyed?.Format} {item.Keyed?.KeyGroups} {Hex(item.Keyed?.Metadata ?? default)} "
            + string.Join(',', item.Operator.Select(state => $"{state.Name} {state.Redistribution} {state.Schema} {string.Join(';', state.Items.Select(Hex))}"))),
        .. manifest.InFlight.Select(item => $"{item.Edge} {item.Producer} {item.Consumer} {item.IsOutput} {item.Elements} {item.Format}"),
        .. ManifestFiles.All(manifest).Select(item => $"{item.File.Name} {item.File.Path} {item.File.Length} {item.File.Checksum} {Hex(item.File.Inline)}"),
    ]);

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexString(bytes.Span);
}
