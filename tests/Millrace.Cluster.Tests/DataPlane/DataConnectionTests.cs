using System.Buffers.Binary;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>Connections for records between two workers, over real sockets.</summary>
public sealed class DataConnectionTests
{
    public static TheoryData<bool> Compression => [false, true];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Either_worker_may_open_first_and_what_is_sent_before_waits(bool lesserFirst)
    {
        await using TestWorker lesser = new("a"), greater = new("b");
        var (first, second) = lesserFirst ? (lesser, greater) : (greater, lesser);
        var early = first.Plane.Open(second.Info, TestWorker.Key());
        early.Send(TestWorker.Frame("one"u8));
        early.Send(TestWorker.Frame("two"u8));
        var late = second.Plane.Open(first.Info, TestWorker.Key());
        late.Send(TestWorker.Frame("three"u8));
        var (atEarly, atLate) = (new Recorder(), new Recorder());
        late.Start(atLate);
        early.Start(atEarly);

        Assert.Equal("one"u8.ToArray(), await atLate.NextAsync());
        Assert.Equal("two"u8.ToArray(), await atLate.NextAsync());
        Assert.Equal("three"u8.ToArray(), await atEarly.NextAsync());
        Assert.Matches(@"^tcp, 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+$", early.Description);
        Assert.Empty(lesser.Log.Warnings);
        Assert.Empty(greater.Log.Warnings);
    }

    [Fact]
    public async Task Connections_of_different_attempts_are_different()
    {
        await using TestWorker a = new("a"), b = new("b");
        var (first, _, _, atB1) = TestWorker.Connect(a, b, attempt: 1);
        var (second, _, _, atB2) = TestWorker.Connect(a, b, attempt: 2);
        first.Send(TestWorker.Frame("first"u8));
        second.Send(TestWorker.Frame("second"u8));
        Assert.Equal("first"u8.ToArray(), await atB1.NextAsync());
        Assert.Equal("second"u8.ToArray(), await atB2.NextAsync());
    }

    [Theory]
    [MemberData(nameof(Compression))]
    public async Task Frames_of_many_threads_arrive_whole_once_and_each_threads_in_order(bool compression)
    {
        const int Threads = 8;
        const int Each = 2_000;
        await using TestWorker a = new("a", options => options.Compression = compression), b = new("b");
        var (first, atFirst, second, atSecond) = TestWorker.Connect(a, b);
        var threads = Enumerable.Range(0, Threads * 2).Select(index => new Thread(() =>
        {
            // Half of them send from each end.
            var connection = index % 2 == 0 ? first : second;
            var random = new Random(index);
            for (int i = 0; i < Each; i++)
            {
                connection.Send(TestWorker.Frame(Numbered(index, i, random)));
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        foreach (var (end, parity) in new[] { (atSecond, 0), (atFirst, 1) })
        {
            int[] next = new int[Threads * 2];
            for (int i = 0; i < Threads * Each; i++)
            {
                byte[] frame = await end.NextAsync();
                int thread = BinaryPrimitives.ReadInt32LittleEndian(frame);
                int number = BinaryPrimitives.ReadInt32LittleEndian(frame.AsSpan(4));
                Assert.Equal(parity, thread % 2);
                Assert.Equal(next[thread]++, number);
                byte[] rest = frame[8..];
                Assert.Equal(-1, rest.AsSpan().IndexOfAnyExcept((byte)number));
            }

            Assert.All(next.Index().Where(entry => entry.Index % 2 == parity), entry => Assert.Equal(Each, entry.Item));
            Assert.Equal(0, end.Left);
        }
    }

    [Theory]
    [MemberData(nameof(Compression))]
    public async Task Frames_of_any_length_arrive_as_they_were(bool compression)
    {
        await using TestWorker a = new("a"), b = new("b", options => options.Compression = compression);
        var (first, _, _, atSecond) = TestWorker.Connect(a, b);
        int[] lengths = [0, 1, 511, 512, 4_095, 65_531, 65_532, 65_533, 65_536, 65_540, 131_072, 1_000_003, FrameBuffer.MaxLength];
        foreach (int length in lengths)
        {
            // One that cannot be compressed, and one that can.
            byte[] noise = new byte[length];
            new Random(length).NextBytes(noise);
            byte[] silence = new byte[length];
            first.Send(TestWorker.Frame(noise));
            first.Send(TestWorker.Frame(silence));
            byte[] noisy = await atSecond.NextAsync();
            byte[] silent = await atSecond.NextAsync();
            Assert.True(noise.AsSpan().SequenceEqual(noisy), $"{length} bytes of noise");
            Assert.True(silence.AsSpan().SequenceEqual(silent), $"{length} zeros");
        }
    }

    [Fact]
    public async Task Nothing_is_delivered_before_the_start()
    {
        await using TestWorker a = new("a"), b = new("b");
        var first = a.Plane.Open(b.Info, TestWorker.Key());
        var second = b.Plane.Open(a.Info, TestWorker.Key());
        var atSecond = new Recorder();
        second.Start(atSecond);

        // More than the buffers of both sockets take: the writer waits, its callers do not.
        byte[] bytes = new byte[100_000];
        for (int i = 0; i < 200; i++)
        {
            second.Send(TestWorker.Frame(bytes));
        }

        first.Send(TestWorker.Frame("made"u8));
        Assert.Equal("made"u8.ToArray(), await atSecond.NextAsync());
        var atFirst = new Recorder();
        first.Start(atFirst);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(bytes.Length, (await atFirst.NextAsync()).Length);
        }
    }

    [Fact]
    public async Task A_break_is_told_once_to_each_end_with_its_reason()
    {
        await using TestWorker a = new("a"), b = new("b");
        for (int attempt = 0; attempt < 100; attempt++)
        {
            var (first, atFirst, second, atSecond) = TestWorker.Connect(a, b, attempt);
            first.Send(TestWorker.Frame("x"u8));
            await atSecond.NextAsync();
            var cause = new MillraceException("MR5002", "the test does not like it");
            first.Break(cause);
            first.Break(new IOException("again"));
            Assert.Same(cause, await atFirst.BreakAsync());
            Assert.Equal("the other end has broken it: MR5002: the test does not like it", (await atSecond.BreakAsync()).Message);
            second.Break(new IOException("too late"));
            second.Send(TestWorker.Frame("dropped"u8));
            first.Send(TestWorker.Frame("dropped"u8));
            Assert.Equal((0, 0), (atFirst.Left, atSecond.Left));
        }

        Assert.Empty(a.Log.Warnings);
        Assert.Empty(b.Log.Warnings);
    }

    [Fact]
    public async Task Both_ends_may_break_at_once_while_frames_are_under_way()
    {
        await using TestWorker a = new("a"), b = new("b");
        for (int attempt = 0; attempt < 100; attempt++)
        {
            var (first, atFirst, second, atSecond) = TestWorker.Connect(a, b, attempt);
            var senders = new[] { first, second }.Select(connection => Task.Run(() =>
            {
                for (int i = 0; i < 500; i++)
                {
                    connection.Send(TestWorker.Frame(new byte[1_000]));
                }
            }, TestContext.Current.CancellationToken)).ToArray();
            await atFirst.NextAsync();
            await Task.WhenAll(Task.Run(() => first.Break(new IOException("first")), TestContext.Current.CancellationToken), Task.Run(() => second.Break(new IOException("second")), TestContext.Current.CancellationToken));
            await Task.WhenAll(senders);
            await atFirst.BreakAsync();
            await atSecond.BreakAsync();
        }
    }

    [Fact]
    public async Task A_break_from_within_a_callback_is_told_after_it()
    {
        await using TestWorker a = new("a"), b = new("b");
        var (first, atFirst, second, atSecond) = TestWorker.Connect(a, b);
        atSecond.Received = _ => second.Break(new IOException("enough"));
        for (int i = 0; i < 1_000; i++)
        {
            first.Send(TestWorker.Frame(new byte[100]));
        }

        Assert.Equal("enough", (await atSecond.BreakAsync()).Message);
        Assert.Equal("the other end has broken it: enough", (await atFirst.BreakAsync()).Message);
        Assert.Equal(1, atSecond.Left);
    }

    [Fact]
    public async Task A_break_before_the_start_is_told_at_the_start()
    {
        await using TestWorker a = new("a"), b = new("b");
        var first = a.Plane.Open(b.Info, TestWorker.Key());
        var second = b.Plane.Open(a.Info, TestWorker.Key());
        first.Send(TestWorker.Frame("last"u8));
        var atSecond = new Recorder();
        second.Start(atSecond);
        await atSecond.NextAsync();
        first.Break(new IOException("gone"));
        Assert.Equal("the other end has broken it: gone", (await atSecond.BreakAsync()).Message);
        var atFirst = new Recorder();
        first.Start(atFirst);
        Assert.Equal("gone", (await atFirst.BreakAsync()).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_break_before_the_other_end_is_there_is_told_to_it(bool lesserBreaks)
    {
        await using TestWorker lesser = new("a"), greater = new("b");
        var (first, second) = lesserBreaks ? (lesser, greater) : (greater, lesser);
        var broken = first.Plane.Open(second.Info, TestWorker.Key());
        var (atFirst, atSecond) = (new Recorder(), new Recorder());
        broken.Start(atFirst);
        broken.Break(new IOException("not wanted any more"));
        Assert.Equal("not wanted any more", (await atFirst.BreakAsync()).Message);
        second.Plane.Open(first.Info, TestWorker.Key()).Start(atSecond);
        Assert.Equal("the other end has broken it: not wanted any more", (await atSecond.BreakAsync()).Message);
    }

    [Fact]
    public async Task A_long_reason_is_cut()
    {
        await using TestWorker a = new("a"), b = new("b");
        var (first, _, _, atSecond) = TestWorker.Connect(a, b);
        first.Break(new IOException(new string('ü', 5_000)));
        Assert.Equal($"the other end has broken it: {new string('ü', 512)}", (await atSecond.BreakAsync()).Message);
    }

    [Fact]
    public async Task A_worker_that_ends_breaks_its_connections()
    {
        await using TestWorker a = new("a");
        TestWorker b = new("b");
        var (first, atFirst, _, atSecond) = TestWorker.Connect(a, b);
        first.Send(TestWorker.Frame("made"u8));
        await atSecond.NextAsync();
        await b.DisposeAsync();
        Assert.Equal($"worker {b.Info} ends", (await atSecond.BreakAsync()).Message);
        Assert.Contains($"worker {b.Info} ends", (await atFirst.BreakAsync()).Message, StringComparison.Ordinal);

        var late = new Recorder();
        b.Plane.Open(a.Info, TestWorker.Key(2)).Start(late);
        Assert.IsType<ObjectDisposedException>(await late.BreakAsync());
    }

    // Mostly short, now and then longer than the buffers.
    private static byte[] Numbered(int thread, int number, Random random)
    {
        byte[] bytes = new byte[8 + random.Next(random.Next(100) == 0 ? 200_000 : 300)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, thread);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), number);
        bytes.AsSpan(8).Fill((byte)number);
        return bytes;
    }
}
