using CsCheck;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Exchange;

public sealed class ExchangeOutputTests
{
    private static readonly ExecutionOptions Options = new() { BatchSize = 4 };

    [Fact]
    public void Receive_NoCredit_WaitsInOrderAndBlocks()
    {
        var channel = new FakeSender { Credit = 1 };
        var pressure = new TaskPressure();
        var output = new ExchangeOutput<int>(new ForwardPartitioner<int>(), [channel], pressure, Options);
        output.Receive(Batch(1, 2, 3, 4));
        Assert.False(pressure.IsBlocked);
        output.Receive(Batch(5, 6, 7, 8));
        output.Control(ControlElement.Watermark(9));
        Assert.Equal(2, pressure.Waiting);

        // Credit that comes while something waits is not for what comes later.
        channel.Credit = 1;
        output.Control(ControlElement.EndOfInput);
        Assert.Equal(3, pressure.Waiting);
        output.Drain();
        Assert.Equal(2, pressure.Waiting);
        channel.Credit = 5;
        output.Drain();
        Assert.False(pressure.IsBlocked);
        Assert.Equal(["1 2 3 4", "5 6 7 8", "Watermark 9", "EndOfInput 0"], channel.Sent);
    }

    [Fact]
    public void Send_BarrierWithTimeoutWhereNoneOvertakes_WaitsInOrderAndNobodyWaitsForIt()
    {
        var channel = new FakeSender { Credit = 0 };
        var pressure = new TaskPressure();
        var output = new ExchangeOutput<int>(new ForwardPartitioner<int>(), [channel], pressure, Options, recorder: null);
        var barrier = new CheckpointBarrier(7, 0, Alignment: BarrierAlignment.AlignedWithTimeout, OvertakeAfter: 10);
        output.Receive(Batch(1, 2, 3, 4));
        output.Send(barrier, overtakes: false, []);
        Assert.False(output.HasWaiting(barrier));
        channel.Credit = 2;
        output.Drain();
        Assert.Equal("1 2 3 4", channel.Sent[0]);
        Assert.Equal(2, channel.Sent.Count);
        Assert.Empty(channel.Announced);
    }

    [Fact]
    public void A_full_batch_takes_along_what_other_ways_have_for_the_same_subtask()
    {
        FakeSender[] many = [new(), new()];
        FakeSender[] few = [new(), new()];
        var first = new ExchangeOutput<int>(new EvenAndOdd(), many, new TaskPressure(), Options);
        var second = new ExchangeOutput<int>(new EvenAndOdd(), few, new TaskPressure(), Options);
        first.InStep = [second];
        second.InStep = [first];
        second.Receive(Batch(100, 101));
        first.Receive(Batch(0, 2, 4, 1));
        Assert.Empty(few[0].Sent);

        // A fifth record for the first subtask: the batch of four leaves, and what the other way has for that subtask before it.
        first.Receive(Batch(6, 8));
        Assert.Equal(["0 2 4 6"], many[0].Sent);
        Assert.Equal(["100"], few[0].Sent);
        Assert.Empty(many[1].Sent);
        Assert.Empty(few[1].Sent);
    }

    [Fact]
    public void Receive_SmallBatches_AreGathered()
    {
        var channel = new FakeSender();
        var output = new ExchangeOutput<int>(new ForwardPartitioner<int>(), [channel], new TaskPressure(), Options);
        output.Receive(Batch(1));
        output.Receive(Batch(2));
        output.Receive(Batch(3, 4, 5));
        Assert.Equal(["1 2 3 4"], channel.Sent);
        output.Flush();
        output.Flush();
        Assert.Equal(["1 2 3 4", "5"], channel.Sent);
    }

    [Fact]
    public void Receive_ZeroBufferTimeout_FlushesEveryBatch()
    {
        var channel = new FakeSender();
        var output = new ExchangeOutput<int>(
            new ForwardPartitioner<int>(), [channel], new TaskPressure(), new ExecutionOptions { BatchSize = 4, BufferTimeout = TimeSpan.Zero });
        output.Receive(Batch(1));
        Assert.Equal(["1"], channel.Sent);
    }

    [Fact]
    public void Rebalance_SpreadsEvenly_WhateverTheBatches() =>
        Gen.Select(Gen.Int[0, 4].Array[1, 40], Gen.Int[1, 5], Gen.Int[0, 4]).Sample((sizes, channels, first) =>
        {
            var senders = Enumerable.Range(0, channels).Select(_ => new FakeSender()).ToArray();
            var output = new ExchangeOutput<int>(new RebalancePartitioner<int>(first), senders, new TaskPressure(), Options);
            int total = Deal(output, sizes);
            Assert.Equal(Enumerable.Range(0, total), senders.SelectMany(sender => sender.Records).Order());
            Assert.All(senders, sender => Assert.Equal(sender.Records.Order(), sender.Records));
            if (sizes.All(size => size <= 1))
            {
                Assert.True(senders.Max(sender => sender.Records.Count) - senders.Min(sender => sender.Records.Count) <= 1);
            }
        });

    [Fact]
    public void Broadcast_EveryChannelGetsAll_InOrder() =>
        Gen.Select(Gen.Int[0, 4].Array[1, 40], Gen.Int[1, 5]).Sample((sizes, channels) =>
        {
            var senders = Enumerable.Range(0, channels).Select(_ => new FakeSender()).ToArray();
            var output = new ExchangeOutput<int>(new BroadcastPartitioner<int>(), senders, new TaskPressure(), Options);
            int total = Deal(output, sizes);
            Assert.All(senders, sender => Assert.Equal(Enumerable.Range(0, total), sender.Records));
        });

    [Fact]
    public void Hash_KeyGoesToTheSubtaskOfItsGroup_InOrder() =>
        Gen.Select(Gen.Int[0, 4].Array[1, 60], Gen.Int[1, 5]).Sample((sizes, channels) =>
        {
            var senders = Enumerable.Range(0, channels).Select(_ => new FakeSender()).ToArray();
            var hasher = StableHashers.Get<int>();
            var output = new ExchangeOutput<int>(new HashPartitioner<int, int>(value => value % 7, hasher, 128, channels, "a test"), senders, new TaskPressure(), Options);
            int total = Deal(output, sizes);
            for (int channel = 0; channel < channels; channel++)
            {
                int subtask = channel;
                Assert.Equal(
                    Enumerable.Range(0, total).Where(value => KeyGroups.SubtaskOf(KeyGroups.GroupOf(hasher.Hash(value % 7), 128), 128, channels) == subtask),
                    senders[channel].Records);
            }
        });

    [Fact]
    public void Hash_SelectorThrows_TheErrorNamesTheStream()
    {
        var output = new ExchangeOutput<int>(
            new HashPartitioner<int, int>(value => 1 / value, StableHashers.Get<int>(), 128, 2, "the stream to 'count'"), [new FakeSender(), new FakeSender()], new TaskPressure(), Options);
        var error = Assert.Throws<OperatorException>(() => output.Receive(Batch(0)));
        Assert.Contains("key selector of the stream to 'count'", error.Message, StringComparison.Ordinal);
        Assert.IsType<DivideByZeroException>(error.InnerException);
    }

    [Fact]
    public void Hash_NullKey_TheErrorSaysSo()
    {
        var output = new ExchangeOutput<int>(
            new HashPartitioner<int, string>(_ => null!, StableHashers.Get<string>(), 128, 2, "the stream"), [new FakeSender(), new FakeSender()], new TaskPressure(), Options);
        Assert.Contains("returned null", Assert.Throws<OperatorException>(() => output.Receive(Batch(0))).Message, StringComparison.Ordinal);
    }

    private static int Deal(ExchangeOutput<int> output, int[] sizes)
    {
        int next = 0;
        foreach (int size in sizes.Where(size => size > 0))
        {
            output.Receive(Batch([.. Enumerable.Range(next, size)]));
            next += size;
        }

        output.Flush();
        return next;
    }

    private static RecordBatch<int> Batch(params int[] values)
    {
        var batch = BatchPool<int>.Rent(Options.BatchSize);
        foreach (int value in values)
        {
            batch.Add(value, value);
        }

        return batch;
    }

    private sealed class EvenAndOdd : Partitioner<int>
    {
        public override void Route(RecordBatch<int> batch, ExchangeOutput<int> output)
        {
            foreach (int value in batch.Records)
            {
                output.Open(value % 2).Add(value, value);
            }

            BatchPool<int>.Return(batch);
        }
    }

    private sealed class FakeSender : IChannelSender<int>
    {
        public int Credit { get; set; } = int.MaxValue;

        public List<string> Sent { get; } = [];

        public List<int> Records { get; } = [];

        public List<CheckpointBarrier> Announced { get; } = [];

        public void Announce(CheckpointBarrier barrier) => Announced.Add(barrier);

        public bool TrySend(in StreamElement<int> element)
        {
            if (Credit == 0)
            {
                return false;
            }

            Credit--;
            if (element.Batch is { } batch)
            {
                Assert.Equal(batch.Records.ToArray().Select(value => (long)value), batch.Timestamps.Take(batch.Count));
                Sent.Add(string.Join(' ', batch.Records.ToArray()));
                Records.AddRange(batch.Records);
            }
            else
            {
                Sent.Add($"{element.Control.Kind} {element.Control.Value}");
            }

            return true;
        }
    }
}
