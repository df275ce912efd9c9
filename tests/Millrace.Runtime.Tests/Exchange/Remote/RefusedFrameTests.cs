using System.Buffers.Binary;
using CsCheck;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Runtime.Tests.Exchange.Remote;

/// <summary>What cannot be right ends the connection with an error that says why, and does nothing else.</summary>
public sealed class RefusedFrameTests
{
    private static readonly byte[] Watermark = TestEnd.Frame(FrameKind.Watermark, 7, 0, 0);

    public sealed record Message(string Text, List<int> Numbers, Dictionary<string, long> Counts, Message? Answered);

    [Fact]
    public void A_frame_of_an_earlier_epoch_is_refused() =>
        Refused("in epoch 7: a frame of channel 1 (2 → 3) was refused: it belongs to epoch 6.", TestEnd.Frame(FrameKind.Watermark, 6, 0, 0));

    [Fact]
    public void A_frame_of_a_later_epoch_is_refused() => Refused("it belongs to epoch 8.", TestEnd.Frame(FrameKind.Watermark, 8, 0, 0));

    [Fact]
    public void A_frame_of_an_unknown_channel_is_refused() => Refused(
        "a frame of channel 1 (2 → 4) was refused: the two workers share no such channel for frames of kind Watermark.",
        TestEnd.Frame(new FrameHeader(FrameKind.Watermark, new ChannelId(1, 2, 4), 7, 0), 0));

    [Fact]
    public void Credit_of_a_channel_in_the_other_direction_is_refused() =>
        Refused("the two workers share no such channel for frames of kind Credit.", TestEnd.Frame(FrameKind.Credit, 7, 0, 8));

    [Fact]
    public void A_gap_in_a_channel_is_refused() => Refused("it is element 1 of its channel, where 0 is next.", TestEnd.Frame(FrameKind.Watermark, 7, 1, 0));

    [Fact]
    public void A_frame_that_comes_twice_is_refused() => Refused("it is element 0 of its channel, where 1 is next.", Watermark, Watermark);

    [Fact]
    public void More_elements_than_were_granted_are_refused() => Refused(
        "its channel has no credit: 8 elements were granted and have been sent.",
        [.. Enumerable.Range(0, TestEnd.Capacity + 1).Select(i => TestEnd.Frame(FrameKind.Watermark, 7, (ulong)i, 0))]);

    [Fact]
    public void An_element_after_the_end_is_refused() =>
        Refused("its channel has ended before.", TestEnd.Frame(FrameKind.EndOfInput, 7, 0), TestEnd.Frame(FrameKind.Watermark, 7, 1, 0));

    [Fact]
    public void An_unknown_kind_is_refused() => Refused("its kind is 9, which is none.", TestEnd.Frame((FrameKind)9, 7, 0));

    [Fact]
    public void Another_version_of_the_format_is_refused() => Refused("it has format version 2, where this worker speaks version 1.", Change(10, 2));

    [Fact]
    public void Something_else_than_a_frame_is_refused() => Refused("it does not begin like a frame of Millrace.", Change(8, (byte)'G'));

    [Fact]
    public void A_header_that_is_cut_off_is_refused() => Refused("it ends after 39 bytes, within its header.", Watermark[..39]);

    [Fact]
    public void A_payload_that_is_cut_off_is_refused() => Refused("it says that it has 41 bytes, but has 40.", Watermark[..40]);

    [Fact]
    public void A_length_that_is_impossible_is_refused() =>
        Refused("it says that it has 2130706473 bytes, where 40 to 67108864 are possible.", Change(3, 0x7F));

    [Fact]
    public void A_negative_length_is_refused() => Refused("bytes, where 40 to 67108864 are possible.", Change(3, 0xFF));

    [Fact]
    public void A_changed_byte_is_refused() => Refused("its checksum is ", Change(40, 1));

    [Fact]
    public void A_batch_of_more_records_than_fit_is_refused() =>
        Refused("its payload cannot be read: A batch has 65 records, where 64 fit.", TestEnd.Frame(FrameKind.Batch, 7, 0, 65, 0, 0));

    [Fact]
    public void Bytes_after_a_batch_are_refused() =>
        Refused("its payload cannot be read: 2 bytes follow its end.", TestEnd.Frame(FrameKind.Batch, 7, 0, 1, 0, 0, 5, 0, 0, 0, 5, 5));

    [Fact]
    public void A_batch_that_ends_early_is_refused() => Refused("its payload cannot be read: The data ends at byte", TestEnd.Frame(FrameKind.Batch, 7, 0, 2, 0, 0, 5));

    [Fact]
    public void An_unknown_encoding_of_timestamps_is_refused() =>
        Refused("its payload cannot be read: Timestamps are encoded in way 2, which is none.", TestEnd.Frame(FrameKind.Batch, 7, 0, 1, 2, 0, 5));

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void Credit_for_nothing_or_for_more_than_a_channel_holds_is_refused(byte count)
    {
        var end = new TestEnd();
        end.OpenSender<int>();
        end.Link.Start();
        end.Connection.Receive(TestEnd.Frame(FrameKind.Credit, 7, 0, count));
        Assert.Contains($"it grants {count} elements", end.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Credit_for_what_was_not_sent_is_refused()
    {
        var end = new TestEnd();
        var sender = end.OpenSender<int>();
        end.Link.Start();
        end.Connection.Receive(TestEnd.Frame(FrameKind.Credit, 7, 0, 8));
        sender.TrySend(new StreamElement<int>(ControlElement.Watermark(1)));
        end.Connection.Receive(TestEnd.Frame(FrameKind.Credit, 7, 1, 1));
        Assert.Null(end.Error);
        end.Connection.Receive(TestEnd.Frame(FrameKind.Credit, 7, 2, 1));
        Assert.Contains("it grants 1 elements", end.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_subtasks_at_both_kinds_of_channels_fail_with_the_error()
    {
        var end = new TestEnd();
        end.OpenReceiver<int>();
        end.OpenSender<int>();
        end.Link.Start();
        end.Connection.Receive(Watermark[..10]);
        end.Scheduler.RunUntilIdle();
        Assert.Same(end.Error, end.Consumer.Error);
        Assert.Same(end.Error, end.Producer.Error);
    }

    [Fact]
    public void Subtasks_whose_channels_have_ended_do_not_care_about_a_break()
    {
        var end = new TestEnd();
        var receiver = end.OpenReceiver<int>();
        var sender = end.OpenSender<int>();
        end.Link.Start();
        end.Connection.Receive(TestEnd.Frame(FrameKind.Credit, 7, 0, 8));
        Assert.True(sender.TrySend(new StreamElement<int>(ControlElement.EndOfInput)));
        end.Connection.Receive(Watermark);
        end.Connection.Receive(TestEnd.Frame(FrameKind.EndOfInput, 7, 1));
        end.Connection.Break(new IOException("gone"));
        end.Scheduler.RunUntilIdle();
        Assert.Equal("MR5001", end.Error!.Code);
        Assert.Null(end.Producer.Error);
        Assert.Null(end.Consumer.Error);

        // What has arrived is there to be processed.
        Assert.True(receiver.TryReceive(out var element));
        Assert.Equal(ElementKind.Watermark, element.Control.Kind);
        Assert.True(receiver.TryReceive(out element));
        Assert.Equal(ElementKind.EndOfInput, element.Control.Kind);
    }

    [Fact]
    public void A_connection_that_the_transport_lost_names_both_workers_and_the_cause()
    {
        var end = new TestEnd();
        end.OpenReceiver<int>();
        end.Link.Start();
        end.Connection.Break(new IOException("reset by peer"));
        Assert.Equal("MR5001: The connection between worker 'here' and worker 'there' (test) broke, says worker 'here': reset by peer", end.Error!.Message);
    }

    [Fact]
    public void A_batch_longer_than_the_longest_frame_is_an_error_of_its_subtask_alone()
    {
        var end = new TestEnd();
        var sender = end.OpenSender<byte[]>();
        end.Link.Start();
        end.Connection.Receive(TestEnd.Frame(FrameKind.Credit, 7, 0, 8));
        byte[] large = new byte[FrameBuffer.MaxLength / 2];
        var error = Assert.Throws<MillraceException>(() => sender.TrySend(new StreamElement<byte[]>(TestEnd.Batch([large, large], [1, 1]))));
        Assert.Equal("MR5003", error.Code);
        Assert.Null(end.Error);
        Assert.Empty(end.Connection.Sent);

        // The connection and even the channel are as before.
        Assert.True(sender.TrySend(new StreamElement<byte[]>(TestEnd.Batch<byte[]>([[1]], [1]))));
        Assert.Equal(0u, FrameHeader.Read(Assert.Single(end.Connection.Sent)).Sequence);
    }

    [Fact]
    public void ReadLength_AnyFourBytes_LengthWithinBoundsOrError() => Gen.Int.Sample(claimed =>
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, claimed);
        try
        {
            Assert.InRange(FrameHeader.ReadLength(bytes), FrameHeader.Size, FrameBuffer.MaxLength);
        }
        catch (InvalidDataException)
        {
            Assert.NotInRange(claimed, FrameHeader.Size, FrameBuffer.MaxLength);
        }
    });

    [Fact]
    public void A_damaged_frame_breaks_the_connection_and_nothing_of_it_arrives()
    {
        var frames = Messages();
        Gen.Select(Gen.Int[0, frames.Count - 1], Gen.Int[0, 4], Gen.Int[0, int.MaxValue - 1], Gen.Byte[1, 255]).Sample(
            (index, way, position, flip) =>
            {
                var damaged = frames.ToList();
                damaged[index] = Damage(frames[index], way, position, flip);
                var (elements, end, allocated) = Feed(damaged);
                Assert.Equal("MR5002", end.Error?.Code);
                Assert.Same(end.Error, end.Connection.BrokenBy);
                Assert.True(elements <= index, $"{elements} elements arrived, although element {index} was damaged");
                Assert.True(allocated < 1_000_000, $"{allocated} bytes were allocated");
            },
            iter: 3_000);
    }

    [Fact]
    public void A_payload_of_any_bytes_is_read_or_breaks_the_connection()
    {
        var frames = Messages();
        Gen.Select(Gen.Int[0, frames.Count - 1], Gen.Int[0, int.MaxValue - 1].Array[1, 4], Gen.Byte.Array[4], Gen.Int[0, 5]).Sample(
            (index, positions, values, cut) =>
            {
                var header = FrameHeader.Read(frames[index]);
                byte[] payload = frames[index][FrameHeader.Size..];
                for (int i = 0; i < positions.Length && payload.Length > 0; i++)
                {
                    payload[positions[i] % payload.Length] = values[i];
                }

                var changed = frames.ToList();
                changed[index] = TestEnd.Frame(header, payload.AsSpan(0, Math.Max(0, payload.Length - cut)));
                var (elements, end, allocated) = Feed(changed);
                Assert.True(end.Error is null ? elements == frames.Count : end.Error.Code == "MR5002" && elements <= index);
                Assert.True(allocated < 1_000_000, $"{allocated} bytes were allocated");
            },
            iter: 5_000);
    }

    private static byte[] Change(int position, byte value)
    {
        byte[] changed = [.. Watermark];
        changed[position] = value;
        return changed;
    }

    private static void Refused(string reason, params byte[][] frames)
    {
        var end = new TestEnd();
        var receiver = end.OpenReceiver<int>();
        end.Link.Start();
        foreach (byte[] frame in frames)
        {
            end.Connection.Receive(frame);
        }

        while (receiver.TryReceive(out _))
        {
        }

        Assert.NotNull(end.Error);
        Assert.Equal("MR5002", end.Error.Code);
        Assert.Contains("The connection between worker 'here' and worker 'there' (test) was broken by worker 'here' in epoch 7", end.Error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, end.Error.Message, StringComparison.Ordinal);
        Assert.Same(end.Error, end.Connection.BrokenBy);
    }

    private static List<byte[]> Messages()
    {
        var first = new Message("first", [1, 2, 3], new() { ["a"] = 1 }, null);
        var second = new Message("second, with a text that is a little longer", [], new() { ["b"] = -1, ["c"] = long.MaxValue }, first);
        return TestEnd.Encode(
            7,
            new StreamElement<Message>(TestEnd.Batch([first, second, first], [5, 6, EventTime.None])),
            new StreamElement<Message>(ControlElement.Watermark(6)),
            new StreamElement<Message>(TestEnd.Batch([second, second], [8, 8])),
            new StreamElement<Message>(ControlElement.Idle(true)),
            new StreamElement<Message>(new ControlElement(ElementKind.LatencyMarker, 1, 2, 3)),
            new StreamElement<Message>(ControlElement.EndOfInput));
    }

    private static byte[] Damage(byte[] frame, int way, int position, byte flip)
    {
        switch (way)
        {
            case 0:
                return frame[..(position % frame.Length)];
            case 1:
                return [.. frame, flip];
            case 2:
                return [.. Enumerable.Range(0, position % 300).Select(i => (byte)(i * flip))];
            default:
                byte[] damaged = [.. frame];
                damaged[position % frame.Length] ^= flip;
                return damaged;
        }
    }

    /// <summary>Has frames received and their elements taken, as far as it goes.</summary>
    private static (int Elements, TestEnd End, long Allocated) Feed(List<byte[]> frames)
    {
        var end = new TestEnd();
        var receiver = end.OpenReceiver<Message>();
        end.Link.Start();
        int elements = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (byte[] frame in frames)
        {
            end.Connection.Receive(frame);
        }

        while (receiver.TryReceive(out var element))
        {
            elements++;
            if (element.Batch is { } batch)
            {
                BatchPool<Message>.Return(batch);
            }
        }

        return (elements, end, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
