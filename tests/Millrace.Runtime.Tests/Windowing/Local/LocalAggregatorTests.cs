using System.Buffers;
using CsCheck;
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

        Assert.Equal((2, 0), (rig.Output.Batches[0][1].Record, rig.Output.Batches[0][1].Aggregated));
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
    public void What_pays_again_goes_on()
    {
        var rig = new Rig();
        rig.Receive((1, 0), (2, 0), (3, 0), (4, 0));
        rig.Receive((1, 0), (1, 0), (1, 0), (1, 0));
        rig.Receive((1, 0), (1, 0), (1, 0), (1, 0));
        rig.Receive((1, 0), (1, 0), (1, 0), (1, 0));

        Assert.Equal([4, 4, 1, 1], rig.Output.Batches.Select(batch => batch.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Where_user_code_throws_records_go_on_as_they_are_from_then_on(bool isKey)
    {
        var rig = new Rig(key: value => isKey && value == 666 ? throw new FormatException("bad key") : value, sum: (a, b) => !isKey && b == 666 ? throw new FormatException("bad") : a);

        rig.Receive((1, 0), (1, 1), (666, 2), (isKey ? 1 : 666, 3));
        rig.Receive((1, 0), (1, 1), (1, 2), (1, 3));

        Assert.Equal([(1, 1, 0), (1, 1, 1), (666, 1, 2), (isKey ? 1 : 666, 1, 3), (1, 1, 0), (1, 1, 1), (1, 1, 2), (1, 1, 3)], rig.Taken);
    }

    [Fact]
    public void A_record_without_a_timestamp_comes_to_the_window_without_one()
    {
        var rig = new Rig();

        rig.Receive((1, EventTime.None), (1, 1), (1, EventTime.None), (1, 2));

        Assert.Equal([(1, 2, EventTime.None), (1, 2, 1)], rig.Taken);
    }

    [Fact]
    public void Partial_aggregates_go_from_worker_to_worker()
    {
        AssertReadsBack(new Partial<int, (long Count, double Sum)> { Record = 1, Content = (2, 3.5), Aggregated = 2 }, new Partial<int, (long, double)> { Record = 1 });
        var text = AssertReadsBack(
            new Partial<Event, List<string>> { Record = new Event(1, "a"), Content = ["a", "b"], Aggregated = 2 }, new Partial<Event, List<string>> { Record = new Event(1, "a") });
        Assert.Equal(["a", "b"], text[0].Content!);
        Assert.Null(text[1].Content);
    }

    [Fact]
    public void What_is_not_to_be_aggregated_goes_on()
    {
        var rig = new Rig(isOff: true);

        rig.Receive((1, 0), (1, 1), (1, 2), (1, 3));

        Assert.Equal([(1, 1, 0), (1, 1, 1), (1, 1, 2), (1, 1, 3)], rig.Taken);
    }

    private static List<Partial<T, TContent>> AssertReadsBack<T, TContent>(params Partial<T, TContent>[] partials)
    {
        var serializer = new SerializerProvider(new SerializerRegistry()).Get<Partial<T, TContent>>();
        var read = new List<Partial<T, TContent>>();
        foreach (var partial in partials)
        {
            var bytes = new ArrayBufferWriter<byte>();
            var output = new BinaryOutput(bytes);
            serializer.Write(ref output, partial);
            output.Flush();
            var input = new BinaryInput(bytes.WrittenSpan);
            read.Add(serializer.Read(ref input));
            Assert.Equal((partial.Record, partial.Aggregated), (read[^1].Record, read[^1].Aggregated));
        }

        return read;
    }

    /// <summary>Feeds batches of eight records, with the last watermark among them behind each.</summary>
    private static List<string> Run(WindowScenario scenario, bool isText, bool isLocal, out int aggregated)
    {
        AlignedWindows windows = SlidingEventTimeWindows.Of(
            TimeSpan.FromMilliseconds(scenario.Size), TimeSpan.FromMilliseconds(scenario.Slide), TimeSpan.FromMilliseconds(scenario.Offset));
        var op = WindowForms.Slices(windows, 0);
        var rig = new OperatorRig(op, batchSize: 1);
        var tap = new Tap<Event>(rig.Pressure, 0);
        op.Output.Connect(tap);
        op.Open();
        var counter = new Counting<Event, Event>(op);
        var serializers = new SerializerProvider(new SerializerRegistry());
        var input = isLocal ? Local() : op;
        var records = new List<(Event, long)>();
        long? watermark = null;
        for (int i = 0; i < scenario.Steps.Count; i++)
        {
            var step = scenario.Steps[i];
            if (step.Kind == WindowScenario.StepKind.Record)
            {
                records.Add((new Event(step.Number % 2, scenario.Id(i)), step.Time));
            }
            else if (step.Kind == WindowScenario.StepKind.Watermark)
            {
                watermark = step.Time;
            }

            if (records.Count == 8 || i == scenario.Steps.Count - 1)
            {
                input.Receive(OperatorRig.Batch(records));
                records.Clear();
                if (watermark is { } time)
                {
                    input.Control(ControlElement.Watermark(time));
                }
            }
        }

        input.Control(ControlElement.EndOfInput);
        op.Close();
        aggregated = counter.Aggregated;
        return [.. tap.Elements, $"{op.Context.Metrics.RecordsIn} came, {op.Context.Metrics.LateRecords} late, {op.Context.Metrics.LateRecordsDropped} dropped"];

        IReceiver<Event> Local() => isText
            ? new LocalAggregator<string, Event, Event>(e => $"{e.Key}", serializers.GetHasher<string>(), windows, new ReduceAggregation<Event>(WindowForms.Join), counter)
            : new LocalAggregator<int, Event, Event>(e => e.Key, serializers.GetHasher<int>(), windows, new ReduceAggregation<Event>(WindowForms.Join), counter);
    }

    /// <summary>Counts records that are their own keys.</summary>
    private sealed class Rig
    {
        private readonly LocalAggregator<int, int, int> _aggregator;

        public Rig(Func<int, int>? key = null, Func<int, int, int>? sum = null, bool isOff = false, StableHasher<int>? hasher = null)
        {
            int Key(int value)
            {
                Hashes++;
                return key?.Invoke(value) ?? value;
            }

            _aggregator = new(Key, hasher ?? new SerializerProvider(new SerializerRegistry()).GetHasher<int>(), Tens, isOff ? null : new ReduceAggregation<int>(sum ?? ((a, b) => a + b)), Output);
        }

        public Gathering<int, int> Output { get; } = new();

        public int Hashes { get; private set; }

        /// <summary>What has come: the first record, how many it stands for, and its timestamp.</summary>
        public List<(int Record, int Records, long Timestamp)> Taken => [.. Output.Batches.SelectMany(batch => batch).Select(taken => (taken.Record, taken.Records, taken.Timestamp))];

        public void Receive(params (int Value, long Timestamp)[] records) => _aggregator.Receive(OperatorRig.Batch(records));
    }

    private sealed class SameHash : StableHasher<int>
    {
        public override ulong Hash(int key) => 7;
    }

    private sealed class Gathering<T, TContent> : IReceiver<Partial<T, TContent>>
    {
        public List<List<(T Record, int Aggregated, int Records, long Timestamp)>> Batches { get; } = [];

        public void Receive(RecordBatch<Partial<T, TContent>> batch)
        {
            Batches.Add([.. Enumerable.Range(0, batch.Count).Select(i => (batch.Values[i].Record, batch.Values[i].Aggregated, batch.Values[i].Records, batch.Timestamps[i]))]);
            BatchPool<Partial<T, TContent>>.Return(batch);
        }

        public void Control(in ControlElement element)
        {
        }
    }

    private sealed class Counting<T, TContent>(IReceiver<Partial<T, TContent>> next) : IReceiver<Partial<T, TContent>>
    {
        public int Aggregated { get; private set; }

        public void Receive(RecordBatch<Partial<T, TContent>> batch)
        {
            Aggregated += batch.Values.Take(batch.Count).Sum(partial => partial.Aggregated);
            next.Receive(batch);
        }

        public void Control(in ControlElement element) => next.Control(element);
    }
}
