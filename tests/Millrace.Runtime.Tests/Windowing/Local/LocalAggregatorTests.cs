using System.Buffers;
using CsCheck;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tests.Operators;
using Millrace.Runtime.Windowing;
using Millrace.Runtime.Windowing.Local;
using Millrace.Serialization;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.Local;

/// <summary>What is aggregated in front of the exchange: what windows give may not depend on it.</summary>
public sealed class LocalAggregatorTests
{
    private static readonly AlignedWindows Tens = TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(10));
    private static readonly SerializerProvider Serializers = new(new SerializerRegistry());

    [Fact]
    public void Windows_of_partial_aggregates_are_those_of_records()
    {
        int aggregated = 0;
        Gen.Select(Gen.OneOf(WindowScenario.Tumbling, WindowScenario.Sliding), Gen.Bool).Sample(
            (scenario, isText) =>
            {
                var single = Run(scenario, isText, isLocal: false, out _);
                Assert.Equal(single, Run(scenario, isText, isLocal: true, out int count));
                Interlocked.Add(ref aggregated, count);
            },
            iter: 1_000);
        Assert.True(aggregated > 1_000, $"Only {aggregated} records were aggregated.");
    }

    [Fact]
    public void Records_of_one_key_and_slice_become_one()
    {
        var rig = new Rig();

        rig.Receive((1, 0), (2, 5), (1, 9), (1, 10), (2, 3), (1, 11), (1, 4), (2, 4));

        Assert.Equal([(1, 3, 0), (2, 3, 5), (1, 2, 10)], rig.Taken);
    }

    [Fact]
    public void Keys_with_one_hash_are_two_keys()
    {
        var rig = new Rig(hasher: new SameHash());

        rig.Receive((1, 0), (2, 1), (1, 2), (2, 3));

        Assert.Equal([(1, 2, 0), (2, 2, 1)], rig.Taken);
    }

    [Fact]
    public void A_record_that_is_alone_stays_what_it_is()
    {
        var rig = new Rig();

        rig.Receive((1, 0), (1, 1), (1, 2), (2, 3));

        Assert.Equal([(1, 3, 0), (2, 0, 3)], rig.Taken);
    }

    [Fact]
    public void Nothing_of_a_batch_is_in_the_next_one()
    {
        var rig = new Rig();

        rig.Receive((1, 0), (1, 1), (1, 2), (1, 3));
        rig.Receive((1, 0), (1, 1), (2, 2), (2, 3));

        // Batches go back to the pool, and numbers in them are not wiped out.
        Assert.Equal([(1, 4, 0), (1, 2, 0), (2, 2, 2)], rig.Taken);
    }

    [Fact]
    public void Keys_that_differ_do_not_pay_and_are_tried_again_less_and_less_often()
    {
        var rig = new Rig();
        var tried = new List<int>();
        for (int batch = 0; batch < 200; batch++)
        {
            int before = rig.Hashes;
            rig.Receive([.. Enumerable.Range(0, 8).Select(key => (key, 0L))]);
            if (rig.Hashes > before)
            {
                tried.Add(batch);
            }
        }

        Assert.Equal([0, 2, 5, 10, 19, 36, 69, 134, 199], tried);
        Assert.Equal(1600, rig.Taken.Count);
    }

    [Fact]
    public void What_does_not_pay_is_handed_on_as_it_was_aggregated_and_what_pays_again_goes_on()
    {
        var rig = new Rig();
        rig.Receive((1, 0), (2, 0), (3, 0), (1, 0));
        rig.Receive((1, 0), (1, 1), (1, 2), (1, 3));
        rig.Receive((1, 4), (1, 5), (1, 6), (1, 7));
        rig.Receive((1, 8), (1, 9), (1, 8), (1, 9));

        Assert.Equal([(1, 2, 0), (2, 0, 0), (3, 0, 0), (1, 0, 0), (1, 0, 1), (1, 0, 2), (1, 0, 3), (1, 4, 4), (1, 4, 8)], rig.Taken);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Where_user_code_throws_records_go_on_as_they_are_from_then_on(bool isKey)
    {
        var rig = new Rig(key: value => isKey && value == 666 ? throw new FormatException("bad key") : value, sum: (a, b) => !isKey && b == 666 ? throw new FormatException("bad") : a);

        rig.Receive((1, 0), (1, 1), (666, 2), (isKey ? 1 : 666, 3));
        rig.Receive((1, 0), (1, 1), (1, 2), (1, 3));

        Assert.Equal([(1, 0, 0), (1, 0, 1), (666, 0, 2), (isKey ? 1 : 666, 0, 3), (1, 0, 0), (1, 0, 1), (1, 0, 2), (1, 0, 3)], rig.Taken);
    }

    [Fact]
    public void A_record_without_a_timestamp_comes_to_the_window_without_one()
    {
        var rig = new Rig();

        rig.Receive((1, EventTime.None), (1, 1), (1, EventTime.None), (1, 2));

        Assert.Equal([(1, 2, EventTime.None), (1, 2, 1)], rig.Taken);
    }

    [Fact]
    public void Each_key_goes_to_its_channel()
    {
        var plain = new Rig(channels: 3, isPlain: true);
        var rig = new Rig(channels: 3);
        var records = Enumerable.Range(0, 60).Select(n => (n % 10, 5L)).ToArray();

        plain.Receive(records);
        rig.Receive(records);

        Assert.Equal(10, rig.Taken.Count);
        Assert.Equal(ByChannel(plain), ByChannel(rig));

        static List<string> ByChannel(Rig rig) => [.. rig.Channels.Select(channel => string.Join(",", channel.Taken.GroupBy(taken => taken.Record, (key, all) => $"{key}: {all.Sum(taken => Math.Max(1, taken.Count))}").Order()))];
    }

    [Fact]
    public void What_is_opened_elsewhere_is_not_aggregated_here()
    {
        var plain = new HashPartitioner<int, int>(n => n, Serializers.GetHasher<int>(), 8, 1, "numbers");

        Assert.Same(plain, new LocalAggregation<int, int, int>(Tens, () => null).InFrontOf(plain));
        Assert.NotSame(plain, new LocalAggregation<int, int, int>(Tens, () => new ReduceAggregation<int>((a, b) => a + b)).InFrontOf(plain));
    }

    [Fact]
    public void Parts_of_a_batch_have_their_partial_aggregates()
    {
        var batch = BatchPool<int>.Rent(4);
        var column = PartialColumn<string>.Rent(4);
        batch.Partials = column;
        for (int n = 0; n < 4; n++)
        {
            if (n != 1)
            {
                column.Set(n, $"to {n}", n + 2);
            }

            batch.Add(n, n);
        }

        var part = BatchPool<int>.Rent(4);
        part.Add(9, 9);
        part.Append(batch, 1, 3);
        Assert.Equal(["9: 0 ", "1: 0 ", "2: 4 to 2", "3: 5 to 3"], Show(part));

        batch.RemoveAt(0);
        Assert.Equal(["1: 0 ", "2: 4 to 2", "3: 5 to 3"], Show(batch));

        // Nobody finds them in the pool.
        BatchPool<int>.Return(batch);
        Assert.Null(batch.Partials);
        Assert.Equal([0, 0, 0, 0], column.Counts.ToArray());
        Assert.Equal([null, null, null, null], column.Contents);

        static List<string> Show(RecordBatch<int> batch) =>
            [.. Enumerable.Range(0, batch.Count).Select(i => $"{batch.Values[i]}: {batch.Partials!.Counts[i]} {((PartialColumn<string>)batch.Partials).Contents[i]}")];
    }

    [Fact]
    public void Partial_aggregates_go_from_worker_to_worker()
    {
        var column = PartialColumn<List<string>>.Rent(4);
        column.Set(0, ["a", "b"], 2);
        column.Set(2, ["c"], 300);
        var format = new LocalAggregation<int, Event, List<string>>(Tens, () => null).CreateFormat(Serializers);

        var read = (PartialColumn<List<string>>)Read(Write(column))!;

        Assert.Equal([2, 0, 300, 0], read.Counts.ToArray());
        Assert.Equal(["a", "b"], read.Contents[0]);
        Assert.Equal(["c"], read.Contents[2]);
        Assert.Null(Read(Write(null)));
        Assert.Throws<InvalidDataException>(() => Read([7]));

        byte[] Write(PartialColumn? partials)
        {
            var bytes = new ArrayBufferWriter<byte>();
            var output = new BinaryOutput(bytes);
            format.Write(ref output, partials, 3);
            output.Flush();
            return bytes.WrittenSpan.ToArray();
        }

        PartialColumn? Read(byte[] bytes)
        {
            var input = new BinaryInput(bytes);
            var partials = format.Read(ref input, 3, 4);
            Assert.Equal(0, input.Remaining);
            return partials;
        }
    }

    /// <summary>Feeds batches of sixteen records that lie close together, with the last watermark among them behind each.</summary>
    private static List<string> Run(WindowScenario scenario, bool isText, bool isLocal, out int aggregated)
    {
        AlignedWindows windows = SlidingEventTimeWindows.Of(
            TimeSpan.FromMilliseconds(scenario.Size), TimeSpan.FromMilliseconds(scenario.Slide), TimeSpan.FromMilliseconds(scenario.Offset));
        var op = WindowForms.Slices(windows, 0);
        var rig = new OperatorRig(op, batchSize: 1);
        var tap = new Tap<Event>(rig.Pressure, 0);
        op.Output.Connect(tap);
        op.Open();
        var channel = new Channel<Event>(op);
        var exchange = new ExchangeOutput<Event>(
            !isLocal ? new ForwardPartitioner<Event>() : isText ? Local(e => $"{e.Key}") : Local(e => e.Key), [channel], new TaskPressure(), new ExecutionOptions { BatchSize = 16 });
        var records = new List<(Event, long)>();
        long? watermark = null;
        for (int i = 0; i < scenario.Steps.Count; i++)
        {
            var step = scenario.Steps[i];
            if (step.Kind == WindowScenario.StepKind.Record)
            {
                records.Add((new Event(step.Number / 4, scenario.Id(i)), step.Time / 8));
            }
            else if (step.Kind == WindowScenario.StepKind.Watermark)
            {
                watermark = step.Time / 8;
            }

            if (records.Count == 16 || i == scenario.Steps.Count - 1)
            {
                exchange.Receive(OperatorRig.Batch(records));
                records.Clear();
                if (watermark is { } time)
                {
                    exchange.Control(ControlElement.Watermark(time));
                }
            }
        }

        exchange.Control(ControlElement.EndOfInput);
        op.Close();
        aggregated = channel.Taken.Sum(taken => taken.Count);
        return [.. tap.Elements, $"{op.Context.Metrics.RecordsIn} came, {op.Context.Metrics.LateRecords} late, {op.Context.Metrics.LateRecordsDropped} dropped"];

        Partitioner<Event> Local<TKey>(Func<Event, TKey> selectKey)
            where TKey : notnull =>
            new LocalAggregation<TKey, Event, Event>(windows, () => new ReduceAggregation<Event>(WindowForms.Join))
                .InFrontOf(new HashPartitioner<Event, TKey>(selectKey, Serializers.GetHasher<TKey>(), 8, 1, "events"));
    }

    /// <summary>Numbers that are their own keys.</summary>
    private sealed class Rig
    {
        private readonly ExchangeOutput<int> _exchange;

        public Rig(Func<int, int>? key = null, Func<int, int, int>? sum = null, StableHasher<int>? hasher = null, int channels = 1, bool isPlain = false)
        {
            int Key(int value)
            {
                Hashes++;
                return key?.Invoke(value) ?? value;
            }

            var plain = new HashPartitioner<int, int>(Key, hasher ?? Serializers.GetHasher<int>(), 8, channels, "numbers");
            var partitioner = isPlain ? plain : new LocalAggregation<int, int, int>(Tens, () => new ReduceAggregation<int>(sum ?? ((a, b) => a + b))).InFrontOf(plain);
            Channels = [.. Enumerable.Range(0, channels).Select(_ => new Channel<int>(null))];
            _exchange = new ExchangeOutput<int>(partitioner, [.. Channels], new TaskPressure(), new ExecutionOptions { BatchSize = 64 });
        }

        public List<Channel<int>> Channels { get; }

        public int Hashes { get; private set; }

        /// <summary>What has come: the first record, how many have been aggregated with it, and its timestamp.</summary>
        public List<(int Record, int Count, long Timestamp)> Taken => [.. Channels.SelectMany(channel => channel.Taken)];

        public void Receive(params (int Value, long Timestamp)[] records)
        {
            _exchange.Receive(OperatorRig.Batch(records));
            _exchange.Flush();
        }
    }

    private sealed class SameHash : StableHasher<int>
    {
        public override ulong Hash(int key) => 7;
    }

    /// <summary>Takes note of what comes and hands it on.</summary>
    private sealed class Channel<T>(IReceiver<T>? next) : IChannelSender<T>
    {
        public List<(T Record, int Count, long Timestamp)> Taken { get; } = [];

        public bool TrySend(in StreamElement<T> element)
        {
            if (element.Batch is not { } batch)
            {
                next?.Control(element.Control);
                return true;
            }

            for (int i = 0; i < batch.Count; i++)
            {
                Taken.Add((batch.Values[i], batch.Partials?.Counts[i] ?? 0, batch.Timestamps[i]));
            }

            if (next is null)
            {
                BatchPool<T>.Return(batch);
            }
            else
            {
                next.Receive(batch);
            }

            return true;
        }

        public void Announce(CheckpointBarrier barrier) => throw new NotSupportedException("There are no barriers here.");
    }
}
