using Millrace.Runtime.Exchange;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Testing.Simulation;

namespace Millrace.Runtime.Tests.Exchange.Remote;

/// <summary>Frames and batches come from pools: what travels costs no memory once they are filled. Alone, because the pools are shared.</summary>
[Collection(nameof(RemoteAllocationTests))]
[CollectionDefinition(nameof(RemoteAllocationTests), DisableParallelization = true)]
public sealed class RemoteAllocationTests
{
    [Fact]
    public void A_batch_that_is_sent_and_received_allocates_nothing()
    {
        var scheduler = new SimulatedScheduler(1);
        var (producer, consumer) = (new TestActor(scheduler), new TestActor(scheduler));
        var (left, right) = (new DirectConnection(), new DirectConnection());
        (left.Other, right.Other) = (right, left);
        var leftLink = new DataLink(left, "left", "right", 1, null);
        var rightLink = new DataLink(right, "right", "left", 1, null);
        var id = TestEnd.Channel;
        var serializer = TestEnd.Serializer<RemoteJobTests.Sale>();
        var sender = new RemoteSender<RemoteJobTests.Sale>(leftLink, id, 8, producer, producer.Mailbox, serializer);
        var receiver = new RemoteReceiver<RemoteJobTests.Sale>(rightLink, id, 8, TestEnd.BatchSize, consumer, consumer.Mailbox, serializer);
        leftLink.Add(sender);
        rightLink.Add(receiver);
        leftLink.Start();
        rightLink.Start();
        Exchange(100);

        // What a connection of an earlier test takes from the pool while it closes is made anew, once. What every batch costs is in every round.
        long least = long.MaxValue;
        for (int round = 0; round < 5 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exchange(1_000);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);

        void Exchange(int batches)
        {
            for (int i = 0; i < batches; i++)
            {
                var batch = BatchPool<RemoteJobTests.Sale>.Rent(TestEnd.BatchSize);
                for (int record = 0; record < TestEnd.BatchSize; record++)
                {
                    batch.Add(new RemoteJobTests.Sale("", record, i), record);
                }

                Assert.True(sender.TrySend(new StreamElement<RemoteJobTests.Sale>(batch)));
                Assert.True(receiver.TryReceive(out var element));
                BatchPool<RemoteJobTests.Sale>.Return(element.Batch!);
            }
        }
    }

    /// <summary>Delivers at once.</summary>
    private sealed class DirectConnection : IDataConnection
    {
        private readonly Queue<FrameBuffer> _early = new();
        private IDataConnectionListener? _listener;

        public DirectConnection? Other { get; set; }

        public string Description => "direct";

        public void Start(IDataConnectionListener listener)
        {
            _listener = listener;
            while (_early.TryDequeue(out var frame))
            {
                listener.FrameReceived(frame);
            }
        }

        public void Send(FrameBuffer frame) => Other!.Deliver(frame);

        public void Break(Exception cause)
        {
        }

        private void Deliver(FrameBuffer frame)
        {
            if (_listener is null)
            {
                _early.Enqueue(frame);
            }
            else
            {
                _listener.FrameReceived(frame);
            }
        }
    }
}
