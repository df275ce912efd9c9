using Millrace.Runtime.Exchange;

namespace Millrace.Runtime.Tests.Exchange;

public sealed class OutputPortTests
{
    [Fact]
    public void Who_only_looks_at_a_batch_gets_the_same_one_and_who_takes_it_gets_one_of_its_own()
    {
        var port = new OutputPort<int>();
        Receiver[] receivers = [new Reader(), new Receiver(), new Reader(), new Receiver()];
        foreach (var receiver in receivers)
        {
            port.Connect(receiver);
        }

        var batch = BatchPool<int>.Rent(4);
        batch.Add(7, 70);
        batch.Add(8, 80);
        port.Emit(batch);
        Assert.Same(batch, receivers[0].Given);
        Assert.NotSame(batch, receivers[1].Given);
        Assert.Same(batch, receivers[2].Given);
        Assert.Same(batch, receivers[3].Given);
        Assert.All(receivers, receiver => Assert.Equal("7@70 8@80", receiver.Seen));
    }

    [Fact]
    public void The_last_receiver_owns_the_batch_also_where_it_only_looks_at_it()
    {
        var port = new OutputPort<int>();
        Receiver[] receivers = [new Receiver(), new Reader()];
        port.Connect(receivers[0]);
        port.Connect(receivers[1]);
        var batch = BatchPool<int>.Rent(4);
        batch.Add(7, 70);
        port.Emit(batch);
        Assert.Equal((true, true), (receivers[0].Owned, receivers[1].Owned));
        Assert.Same(batch, receivers[1].Given);
    }

    /// <summary>Takes a batch, and changes it, as an owner may.</summary>
    private class Receiver : IReceiver<int>
    {
        public RecordBatch<int>? Given { get; private set; }

        public string Seen { get; private set; } = "";

        public bool Owned { get; private set; }

        public void Receive(RecordBatch<int> batch)
        {
            Look(batch);
            Owned = true;
            batch.Values[0] = -1;
        }

        public void Control(in ControlElement element)
        {
        }

        protected void Look(RecordBatch<int> batch)
        {
            Given = batch;
            Seen = string.Join(' ', Enumerable.Range(0, batch.Count).Select(i => $"{batch.Values[i]}@{batch.Timestamps[i]}"));
        }
    }

    private sealed class Reader : Receiver, IBatchReader<int>
    {
        public void Read(RecordBatch<int> batch) => Look(batch);
    }
}
