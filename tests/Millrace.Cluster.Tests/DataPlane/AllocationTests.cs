using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Cluster.Tests.DataPlane;

/// <summary>Counts what the whole process allocates, so no other test may run beside it.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTestCollection;

/// <summary>A frame costs no allocation once a connection runs.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int Bundle = 16;
    private const int Bundles = 4_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Frames_are_carried_without_allocation(bool compression)
    {
        await using TestWorker a = new("a", options => options.Compression = compression), b = new("b");
        var first = a.Plane.Open(b.Info, TestWorker.Key());
        var second = b.Plane.Open(a.Info, TestWorker.Key());
        var sender = new Sender(first);
        first.Start(sender);
        second.Start(new Answerer(second));
        await sender.RunAsync(Bundles);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await sender.RunAsync(Bundles);
        double bytes = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)(Bundle * Bundles);

        // The test runner itself allocates now and then.
        Assert.True(bytes < 4, $"{bytes:0.00} bytes a frame");
    }

    /// <summary>Sends bundle after bundle, each when the one before has been answered.</summary>
    private sealed class Sender(IDataConnection connection) : IDataConnectionListener
    {
        private TaskCompletionSource _done = new();
        private int _left;

        public Task RunAsync(int bundles)
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _left = bundles;
            Send();
            return _done.Task.WaitAsync(TimeSpan.FromSeconds(60));
        }

        public void FrameReceived(FrameBuffer frame)
        {
            frame.Return();
            if (--_left == 0)
            {
                _done.SetResult();
            }
            else
            {
                Send();
            }
        }

        public void Broken(Exception cause) => _done.TrySetException(cause);

        private void Send()
        {
            for (int i = 0; i < Bundle; i++)
            {
                var frame = FrameBuffer.Rent();
                frame.GetSpan(10_000)[..10_000].Fill((byte)i);
                frame.Advance(10_000);
                connection.Send(frame);
            }
        }
    }

    private sealed class Answerer(IDataConnection connection) : IDataConnectionListener
    {
        private int _count;

        public void FrameReceived(FrameBuffer frame)
        {
            if (++_count % Bundle == 0)
            {
                connection.Send(frame);
            }
            else
            {
                frame.Return();
            }
        }

        public void Broken(Exception cause)
        {
        }
    }
}
