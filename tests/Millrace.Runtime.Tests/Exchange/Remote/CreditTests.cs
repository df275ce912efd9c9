using Millrace.Runtime.Exchange;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Exchange.Remote;

public sealed class CreditTests
{
    private const int Capacity = TestEnd.Capacity;

    [Fact]
    public void TrySend_WithoutCredit_IsRefusedUntilTheConsumerGrants()
    {
        var end = new TestEnd();
        var sender = end.OpenSender<int>();
        end.Link.Start();
        Assert.False(sender.TrySend(Mark(0)));
        end.Connection.Receive(TestEnd.Frame(FrameKind.Credit, 7, 0, 2));
        Assert.True(sender.TrySend(Mark(0)));
        Assert.True(sender.TrySend(Mark(1)));
        Assert.False(sender.TrySend(Mark(2)));
        Assert.Equal(2, end.Connection.Sent.Count);
    }

    [Fact]
    public void Credit_WhenTheProducerWaits_WakesIt()
    {
        var end = new TestEnd();
        var sender = end.OpenSender<int>();
        end.Link.Start();
        end.Connection.Receive(TestEnd.Frame(FrameKind.Credit, 7, 0, 1));
        end.Scheduler.RunUntilIdle();
        Assert.Equal(0, end.Producer.Runs);

        Assert.True(sender.TrySend(Mark(0)));
        Assert.False(sender.TrySend(Mark(1)));
        end.Connection.Receive(TestEnd.Frame(FrameKind.Credit, 7, 1, 1));
        end.Scheduler.RunUntilIdle();
        Assert.Equal(1, end.Producer.Runs);
    }

    [Fact]
    public void TryReceive_GivesCreditsBackInBundles()
    {
        var end = new TestEnd();
        var receiver = end.OpenReceiver<int>();
        end.Link.Start();
        for (int i = 0; i < Capacity; i++)
        {
            end.Connection.Receive(TestEnd.Frame(FrameKind.Watermark, 7, (ulong)i, 0));
        }

        List<int> creditFrames = [];
        for (int i = 0; i < Capacity; i++)
        {
            Assert.True(receiver.TryReceive(out _));
            creditFrames.Add(end.Connection.Sent.Count);
        }

        Assert.Equal([1, 1, 1, 2, 2, 2, 2, 3], creditFrames);
        Assert.Equal(TestEnd.Frame(FrameKind.Credit, 7, 1, 4), end.Connection.Sent[1]);
        Assert.Equal(TestEnd.Frame(FrameKind.Credit, 7, 2, 4), end.Connection.Sent[2]);
    }

    [Fact]
    public void Nothing_is_granted_to_a_channel_that_has_ended()
    {
        var end = new TestEnd();
        var receiver = end.OpenReceiver<int>();
        end.Link.Start();
        for (int i = 0; i < 3; i++)
        {
            end.Connection.Receive(TestEnd.Frame(FrameKind.Watermark, 7, (ulong)i, 0));
        }

        end.Connection.Receive(TestEnd.Frame(FrameKind.EndOfInput, 7, 3));
        while (receiver.TryReceive(out _))
        {
        }

        Assert.Single(end.Connection.Sent);
    }

    [Fact]
    public void Everything_arrives_in_order_and_never_more_than_the_capacity_is_under_way()
    {
        for (ulong seed = 0; seed < 300; seed++)
        {
            var pair = new TestPair(seed);
            var random = new Random((int)seed);
            int capacity = random.Next(1, 10);
            var transfers = Enumerable.Range(0, 3).Select(i => pair.Open(new ChannelId(i, 0, 0), capacity, count: random.Next(0, 60))).ToList();
            foreach (var transfer in transfers)
            {
                // At most so many a turn: sometimes the consumer is slower, sometimes the producer.
                transfer.SendsPerTurn = random.Next(1, 6);
                transfer.ReceivesPerTurn = random.Next(1, 6);
            }

            pair.Start();
            pair.Scheduler.RunUntil(() => transfers.All(transfer => transfer.IsDone));
            Assert.All(transfers, transfer => Assert.InRange(transfer.MostUnderWay, 1, capacity));
            Assert.Empty(pair.Errors);
        }
    }

    [Fact]
    public void A_consumer_that_stands_still_stops_its_producer_and_nobody_else()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            var pair = new TestPair(seed);
            var slow = pair.Open(new ChannelId(0, 0, 0), Capacity, count: 100);
            var quick = pair.Open(new ChannelId(0, 0, 1), Capacity, count: 100);
            slow.ReceivesPerTurn = 0;
            pair.Start();
            pair.Scheduler.RunUntil(() => quick.IsDone && slow.Sent == Capacity);
            pair.Scheduler.Time.Advance(TimeSpan.FromMinutes(1));
            pair.Scheduler.RunUntilIdle();
            Assert.Equal(Capacity, slow.Sent);
            Assert.Equal(0, slow.Received);

            slow.ReceivesPerTurn = 1;
            slow.Consumer.Wake();
            pair.Scheduler.RunUntil(() => slow.IsDone);
            Assert.Empty(pair.Errors);
        }
    }

    [Fact]
    public void A_damaged_frame_on_the_way_fails_both_ends()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            var pair = new TestPair(seed);
            var random = new Random((int)seed);
            var transfer = pair.Open(new ChannelId(0, 0, 0), Capacity, count: 100);
            int number = random.Next(2, 20);
            bool credit = random.Next(3) == 0;
            var wire = credit ? pair.Connection.SecondToFirst : pair.Connection.FirstToSecond;
            wire.Disturb = (index, frame) => frame.Bytes[random.Next(frame.Length)] ^= (byte)(index == number ? random.Next(1, 256) : 0);
            pair.Start();
            pair.Scheduler.RunUntil(() => pair.Errors.Count == 2 && transfer.Producer.IsStopped && transfer.Consumer.IsStopped);
            Assert.Equal(["MR5001", "MR5002"], pair.Errors.Select(error => error.Code).Order());
            Assert.Equal(["MR5001", "MR5002"], new[] { transfer.Producer.Error, transfer.Consumer.Error }.Select(error => Assert.IsType<MillraceException>(error).Code).Order());
            Assert.Contains("the other end broke it", pair.Errors.Single(error => error.Code == "MR5001").Message, StringComparison.Ordinal);
        }
    }

    private static StreamElement<int> Mark(int value) => new(ControlElement.Watermark(value));
}

/// <summary>Two workers' ends with a simulated connection between them.</summary>
internal sealed class TestPair
{
    private readonly DataLink _left;
    private readonly DataLink _right;
    private readonly List<Transfer> _transfers = [];

    public TestPair(ulong seed)
    {
        Scheduler = new SimulatedScheduler(seed);
        Connection = new SimulatedNetwork(Scheduler, seed, TimeSpan.FromMilliseconds(5)).Connect("left", "right");
        _left = new DataLink(Connection.First, "left", "right", 1, Errors.Add);
        _right = new DataLink(Connection.Second, "right", "left", 1, Errors.Add);
    }

    public SimulatedScheduler Scheduler { get; }

    public SimulatedConnection Connection { get; }

    public List<MillraceException> Errors { get; } = [];

    /// <summary>A channel from left to right, through which a producer sends numbers.</summary>
    public Transfer Open(ChannelId id, int capacity, int count)
    {
        var (producer, consumer) = (new TestActor(Scheduler), new TestActor(Scheduler));
        var sender = new RemoteSender<int>(_left, id, capacity, producer, producer.Mailbox, TestEnd.Serializer<int>());
        var receiver = new RemoteReceiver<int>(_right, id, capacity, TestEnd.BatchSize, consumer, consumer.Mailbox, TestEnd.Serializer<int>());
        _left.Add(sender);
        _right.Add(receiver);
        var transfer = new Transfer(producer, consumer, sender, receiver, count);
        _transfers.Add(transfer);
        return transfer;
    }

    public void Start()
    {
        _left.Start();
        _right.Start();
        foreach (var transfer in _transfers)
        {
            transfer.Producer.Wake();
        }
    }
}

/// <summary>A producer that sends numbers in batches of one, then the end; and a consumer that expects exactly these.</summary>
internal sealed class Transfer
{
    private readonly RemoteSender<int> _sender;
    private readonly RemoteReceiver<int> _receiver;
    private readonly int _count;
    private RecordBatch<int>? _unsent;
    private bool _endSent;

    public Transfer(TestActor producer, TestActor consumer, RemoteSender<int> sender, RemoteReceiver<int> receiver, int count)
    {
        Producer = producer;
        Consumer = consumer;
        _sender = sender;
        _receiver = receiver;
        _count = count;
        producer.Step = Send;
        consumer.Step = Receive;
    }

    public TestActor Producer { get; }

    public TestActor Consumer { get; }

    public int SendsPerTurn { get; set; } = 3;

    public int ReceivesPerTurn { get; set; } = 3;

    public int Sent { get; private set; }

    public int Received { get; private set; }

    public int MostUnderWay { get; private set; }

    public bool IsDone { get; private set; }

    private bool Send()
    {
        for (int i = 0; i < SendsPerTurn; i++)
        {
            if (_endSent)
            {
                return false;
            }

            bool end = Sent == _count;
            var element = end ? new StreamElement<int>(ControlElement.EndOfInput) : new StreamElement<int>(_unsent ??= TestEnd.Batch([Sent], [Sent]));
            if (!_sender.TrySend(element))
            {
                return false;
            }

            _unsent = null;
            _endSent = end;
            Sent++;
            MostUnderWay = Math.Max(MostUnderWay, Sent - Received);
        }

        return true;
    }

    private bool Receive()
    {
        for (int i = 0; i < ReceivesPerTurn; i++)
        {
            if (!_receiver.TryReceive(out var element))
            {
                return false;
            }

            Assert.False(IsDone);
            if (element.Batch is { } batch)
            {
                Assert.Equal(Received, Assert.Single(batch.Records.ToArray()));
                BatchPool<int>.Return(batch);
            }
            else
            {
                Assert.Equal(_count, Received);
                Assert.Equal(ElementKind.EndOfInput, element.Control.Kind);
                IsDone = true;
            }

            Received++;
        }

        return ReceivesPerTurn > 0;
    }
}
