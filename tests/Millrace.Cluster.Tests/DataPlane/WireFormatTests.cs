using CsCheck;
using Millrace.Cluster.DataPlane;
using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>What is on the wire, byte by byte, and that it is read as it was written whatever the pieces that it comes in.</summary>
public sealed class WireFormatTests
{
    private static readonly WorkerInfo Me = new("w1", "one", "10.0.0.1", 7100, 4);

    [Fact]
    public void The_handshake_is_pinned()
    {
        Assert.Equal(
            "4d494c4c52414345" + "0100" + "2400" + "01" + "01" + "0463" + "6c7573" + "027732" + "027731" + "036f6e65" + "0831302e302e302e31" + "f86e" + "08" + "036a6f62" + "04" + "06" + "02",
            Hex(Handshake.Encode(new Hello("clus", "w2", Me, new DataConnectionKey("job", 2, 3, 1), null, true))));
        Assert.Equal(
            "4d494c4c52414345" + "0100" + "2800" + "02" + "00" + "0463" + "6c7573" + "027732" + "027731" + "036f6e65" + "0831302e302e302e31" + "f86e" + "08" + "036a6f62" + "0573616c6573" + "0e",
            Hex(Handshake.Encode(new Hello("clus", "w2", Me, null, new ControlConnectionKey("job", "sales", 7), false))));
        Assert.Equal("4d494c4c52504c59" + "0100" + "0300" + "010000", Hex(Handshake.Encode(new HelloReply(true, null))));
        Assert.Equal("4d494c4c52504c59" + "0100" + "0500" + "0001026e6f", Hex(Handshake.Encode(new HelloReply(false, "no"))));
    }

    [Fact]
    public async Task Items_are_pinned()
    {
        Assert.Equal("03000000" + "616263", await WriteAsync(compress: true, "abc"u8.ToArray()));

        // 600 times the same byte: a literal, then a match of distance 1.
        Assert.Equal("11000040" + "58020000" + "1f07" + "0100" + "ffff" + "41" + "500707070707", await WriteAsync(compress: true, [.. Enumerable.Repeat((byte)7, 600)]));
        using var stream = new MemoryStream();
        var writer = new FrameWriter(stream, compress: false);
        await writer.WriteGoodbyeAsync("bye");
        await writer.FlushAsync();
        Assert.Equal("03000080" + "627965", Hex(stream.ToArray()));
    }

    [Fact]
    public void A_handshake_is_read_as_it_was_written()
    {
        Gen.Select(Gen.String, Gen.String, Gen.String, Gen.Long, Gen.Int, Gen.Bool).Sample((cluster, id, job, number, port, flag) =>
        {
            var from = new WorkerInfo(id, job, cluster, port, port);
            var hello = flag
                ? new Hello(cluster, job, from, new DataConnectionKey(job, number, number, port), null, flag)
                : new Hello(cluster, job, from, null, new ControlConnectionKey(job, id, number), flag);
            using var stream = new MemoryStream(Handshake.Encode(hello));
            Assert.Equal(hello, Complete(Handshake.ReadHelloAsync(stream, CancellationToken.None)));
        }, iter: 300, writeLine: null);
    }

    [Fact]
    public async Task A_refusal_of_any_length_arrives()
    {
        using var stream = new MemoryStream(Handshake.Encode(new HelloReply(false, new string('€', 100_000))));
        string refusal = (await Handshake.ReadReplyAsync(stream, CancellationToken.None)).Refusal!;
        Assert.Equal(new string('€', 2_047) + "…", refusal);
    }

    [Fact]
    public void Frames_are_read_as_they_were_written_whatever_the_pieces()
    {
        var lengths = Gen.Frequency((6, Gen.Int[0, 1_000]), (2, Gen.Int[60_000, 70_000]), (1, Gen.Int[100_000, 400_000]));
        Gen.Select(lengths.Array[1, 30], Gen.Bool, Gen.Int[0, 1_000_000]).Sample((all, compress, seed) =>
        {
            var random = new Random(seed);
            byte[][] frames = [.. all.Select(length =>
            {
                byte[] frame = new byte[length];
                random.NextBytes(frame.AsSpan(0, random.Next(length + 1)));
                return frame;
            })];
            using var stream = new Pieces(random);
            var writer = new FrameWriter(stream, compress);
            foreach (byte[] frame in frames)
            {
                Complete(writer.WriteAsync(frame));
                if (random.Next(4) == 0)
                {
                    Complete(writer.FlushAsync());
                }
            }

            Complete(writer.WriteGoodbyeAsync("end"));
            Complete(writer.FlushAsync());

            stream.Position = 0;
            var reader = new FrameReader(stream, compress);
            List<byte[]> read = [];
            while (Complete(reader.FillAsync()))
            {
                while (reader.TryRead() is { } frame)
                {
                    read.Add(frame.Bytes.ToArray());
                    frame.Return();
                }
            }

            Assert.Equal("end", reader.Goodbye);
            Assert.Equal(frames.Length, read.Count);
            Assert.All(frames.Zip(read), pair => Assert.True(pair.First.AsSpan().SequenceEqual(pair.Second)));
        }, iter: 200, writeLine: null);
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    private static async Task<string> WriteAsync(bool compress, byte[] frame)
    {
        using var stream = new MemoryStream();
        var writer = new FrameWriter(stream, compress);
        await writer.WriteAsync(frame);
        await writer.FlushAsync();
        return Hex(stream.ToArray());
    }

    // Streams in memory are never waited for.
    private static T Complete<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    private static void Complete(ValueTask task)
    {
        Assert.True(task.IsCompleted);
        task.GetAwaiter().GetResult();
    }

    /// <summary>Gives what it has in pieces of any length.</summary>
    private sealed class Pieces(Random random) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int most = random.Next(3) == 0 ? 10 : buffer.Length;
            return base.ReadAsync(buffer[..random.Next(1, Math.Min(most, buffer.Length) + 1)], cancellationToken);
        }
    }
}
