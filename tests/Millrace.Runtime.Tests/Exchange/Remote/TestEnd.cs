using Millrace.Runtime.Exchange;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Exchange.Remote;

/// <summary>One worker's end of a connection, with one channel of each direction that tests ask for.</summary>
internal sealed class TestEnd
{
    public const int Capacity = 8;
    public const int BatchSize = 64;
    public static readonly ChannelId Channel = new(1, 2, 3);
    private static readonly SerializerRegistry Registry = new();
    private readonly List<MillraceException> _errors = [];

    public TestEnd(ulong epoch = 7)
    {
        Link = new DataLink(Connection, "here", "there", epoch, _errors.Add);
        Producer = new TestActor(Scheduler);
        Consumer = new TestActor(Scheduler);
    }

    public RecordingConnection Connection { get; } = new();

    public SimulatedScheduler Scheduler { get; } = new(1);

    public DataLink Link { get; }

    public TestActor Producer { get; }

    public TestActor Consumer { get; }

    /// <summary>The error that the connection broke with.</summary>
    public MillraceException? Error => _errors.SingleOrDefault();

    public static TypeSerializer<T> Serializer<T>() => Registry.Get<T>();

    public static RecordBatch<T> Batch<T>(T[] values, long[] timestamps)
    {
        var batch = BatchPool<T>.Rent(BatchSize);
        for (int i = 0; i < values.Length; i++)
        {
            batch.Add(values[i], timestamps[i]);
        }

        return batch;
    }

    /// <summary>What a sender makes of elements.</summary>
    public static List<byte[]> Encode<T>(ulong epoch, params ReadOnlySpan<StreamElement<T>> elements)
    {
        var end = new TestEnd(epoch);
        var sender = end.OpenSender<T>();
        end.Link.Start();
        for (int i = 0; i < elements.Length; i += Capacity)
        {
            end.Connection.Receive(Frame(FrameKind.Credit, epoch, (ulong)(i / Capacity), Capacity));
            foreach (ref readonly var element in elements[i..Math.Min(elements.Length, i + Capacity)])
            {
                Assert.True(sender.TrySend(element));
            }
        }

        return end.Connection.Sent;
    }

    /// <summary>A frame with its checksum right and a payload to the test's liking.</summary>
    public static byte[] Frame(FrameKind kind, ulong epoch, ulong sequence, params ReadOnlySpan<byte> payload) => Frame(new FrameHeader(kind, Channel, epoch, sequence), payload);

    public static byte[] Frame(in FrameHeader header, params ReadOnlySpan<byte> payload)
    {
        var frame = FrameBuffer.Rent();
        FrameHeader.Reserve(frame);
        payload.CopyTo(frame.GetSpan(payload.Length));
        frame.Advance(payload.Length);
        header.Seal(frame);
        byte[] bytes = frame.Bytes.ToArray();
        frame.Return();
        return bytes;
    }

    public RemoteSender<T> OpenSender<T>()
    {
        var sender = new RemoteSender<T>(Link, Channel, Capacity, Producer, Producer.Mailbox, Serializer<T>());
        Link.Add(sender);
        return sender;
    }

    public RemoteReceiver<T> OpenReceiver<T>()
    {
        var receiver = new RemoteReceiver<T>(Link, Channel, Capacity, BatchSize, Consumer, Consumer.Mailbox, Serializer<T>());
        Link.Add(receiver);
        return receiver;
    }
}
