using CsCheck;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.State;
using Millrace.Testing;

namespace Millrace.Runtime.Tests.Operators;

public sealed class KeyedOperatorTests
{
    private static readonly OutputTag<string> Side = new("side");

    [Fact]
    public void Reduce_GivesTheNewValueOfTheKeyForEveryRecord()
    {
        using var harness = new OperatorHarness<(string Key, int Value), (string Key, int Value)>(
            pairs => pairs.KeyBy(p => p.Key).Reduce((a, b) => (a.Key, a.Value + b.Value)), new HarnessOptions { BatchSize = 2 });
        harness.Process([(("a", 1), 10), (("b", 5), 20), (("a", 2), 5), (("a", 3), 30)]);

        Assert.Equal([(("a", 1), 10L), (("b", 5), 20L), (("a", 3), 5L), (("a", 6), 30L)], harness.OutputWithTimestamps);
        Assert.Equal(2, harness.StateEntries);
    }

    [Fact]
    public void Reduce_WithRescalesInBetween_GoesOn() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[1, 3]).Array[1, 60].Sample(steps =>
        {
            var harness = new OperatorHarness<(int Key, int Value), (int Key, int Value)>(
                pairs => pairs.KeyBy(p => p.Key).Reduce((a, b) => (a.Key, a.Value + b.Value)), new HarnessOptions { MaxParallelism = 8 });
            var sums = new Dictionary<int, int>();
            foreach (var (key, number) in steps)
            {
                harness.Process((key, number));
                sums[key] = sums.GetValueOrDefault(key) + number;
                Assert.Equal((key, sums[key]), harness.Output[^1]);
                if (key == 0)
                {
                    var next = harness.Rescale(number);
                    harness.Dispose();
                    harness = next;
                }
            }

            Assert.Equal(sums.Count, harness.StateEntries);
            harness.Dispose();
        });

    [Fact]
    public void KeyedProcess_AllKindsOfState_AreOfTheKey()
    {
        using var harness = new OperatorHarness<string, string>(words => words.KeyBy(w => w[0]).Process(() => new States()));
        harness.Process([("apple", 1), ("bee", 2), ("ant", 3), ("apple", 4)]);
        using var restored = harness.Rescale(3);
        restored.Process([("ant", 5), ("bee", 6), ("axe", 7)]);

        Assert.Equal(["apple: 1 [apple] apple=1", "bee: 1 [bee] bee=1", "ant: 2 [apple ant] ant=1", "apple: 3 [apple ant apple] apple=2"], harness.Output);
        Assert.Equal(["ant: 4 [apple ant apple ant] ant=2", "axe: 5 [apple ant apple ant axe] axe=1"], restored.Output.Where(line => line[0] == 'a'));
        Assert.Equal(["bee: 2 [bee bee] bee=2"], restored.Output.Where(line => line[0] == 'b'));
    }

    [Fact]
    public void OnTimer_EventTime_FiresOnceInOrderOfTimeWithTheTimersTimestamp()
    {
        using var harness = Timers("""
            1: e30 e10 e20 e10
            2: e15 e20
            """);
        harness.Process([(1, 5), (2, 6)]);
        harness.Watermark(9);
        Assert.Empty(harness.Output);
        harness.Watermark(20);
        Assert.Equal([("1 e10 w20", 10L), ("2 e15 w20", 15L), ("1 e20 w20", 20L), ("2 e20 w20", 20L)], harness.OutputWithTimestamps);
        harness.EndInput();
        Assert.Equal(("1 e30 wend", 30L), harness.OutputWithTimestamps[^1]);
        Assert.Equal(5, harness.Output.Count);
        Assert.Equal([9L, 20L, EventTime.MaxWatermark], harness.Watermarks);
        Assert.Equal(0, harness.StateEntries);
    }

    [Fact]
    public void OnTimer_Deleted_DoesNotFire()
    {
        using var harness = Timers("""
            1: e10 e20 E10 E11 p5 P5 p6
            2: e10
            """);
        harness.Process([(1, 0), (2, 0)]);
        harness.Watermark(100);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(10));
        Assert.Equal(["2 e10 w100", "1 e20 w100", "1 p6 w100"], harness.Output);
    }

    [Fact]
    public void OnTimer_RegisteredAtOrBeforeTheWatermark_FiresWithTheNext()
    {
        using var harness = Timers("""
            1: e50 e100 e101
            """);
        harness.Watermark(100);
        harness.Process(1, 7);
        Assert.Empty(harness.Output);
        harness.Watermark(100 + 1);
        Assert.Equal(["1 e50 w101", "1 e100 w101", "1 e101 w101"], harness.Output);
    }

    [Fact]
    public void OnTimer_RegisteredInATimer_FiresInTheSameAdvanceIfDue()
    {
        using var harness = Timers("""
            1: e10
            2: e12
            1 e10: e15 e11 e10
            1 e15: e40
            """);
        harness.Process([(1, 0), (2, 0)]);
        harness.Watermark(20);

        // The timer that registers itself for its own time again would do so for ever: it is told once.
        Assert.Equal(["1 e10 w20", "1 e10 w20", "1 e11 w20", "2 e12 w20", "1 e15 w20"], harness.Output);
        harness.Watermark(40);
        Assert.Equal("1 e40 w40", harness.Output[^1]);
    }

    [Fact]
    public void OnTimer_ProcessingTime_FiresAtItsTimeWithoutTimestamp()
    {
        using var harness = Timers("""
            1: p100 p300 p100
            2: p200
            1 p100: p150
            """);
        harness.Process([(1, 1), (2, 2)]);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(99));
        Assert.Empty(harness.Output);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(101));
        Assert.Equal([("1 p100 wnone", EventTime.None), ("1 p150 wnone", EventTime.None), ("2 p200 wnone", EventTime.None)], harness.OutputWithTimestamps);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(100));
        Assert.Equal(4, harness.Output.Count);
        Assert.Equal(300, harness.ProcessingTime);
    }

    [Fact]
    public void OnTimer_SideOutputs_CarryTheTimersTime()
    {
        using var harness = Timers("1: e10");
        var side = harness.SideOutput(Side);
        harness.Process(1, 3);
        harness.Watermark(10);
        Assert.Equal(["record 3", "timer 10"], side);
    }

    [Fact]
    public void Timers_fire_after_a_rescale_as_they_would_have_without()
    {
        using var harness = Timers("""
            1: e10 e30 p500
            2: e20 p100
            3: e25 e10
            """);
        harness.Process([(1, 0), (2, 0), (3, 0)]);
        harness.Watermark(10);
        harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds(50));
        using var rescaled = harness.Rescale(2);
        using var back = rescaled.Rescale(1);
        back.Watermark(30);
        back.AdvanceProcessingTime(TimeSpan.FromSeconds(1));

        Assert.Equal(["1 e10 w10", "3 e10 w10"], harness.Output);
        Assert.Equal(["2 e20 w30", "3 e25 w30", "1 e30 w30", "2 p100 w30", "1 p500 w30"], back.Output);
    }

    [Fact]
    public void Timers_that_fire_under_backpressure_give_the_same_in_the_same_order()
    {
        var free = Run(0, out _);
        var blocked = Run(2, out int interruptions);
        Assert.Equal(free, blocked);
        Assert.True(interruptions > 5, $"Only {interruptions} interruptions.");

        static List<string> Run(int blockAfter, out int interruptions)
        {
            var op = new KeyedProcessOperator<int, int, string>(key => key, new Scripted("1: e10 e30 p5\n2: e20 e10\n1 e10: e11 e12 e13\n2 e20: e21 e50"));
            var rig = new OperatorRig(op, batchSize: 1);
            var tap = new Tap<string>(rig.Pressure, blockAfter);
            op.Output.Connect(tap);
            op.Open();
            interruptions = 0;
            for (int round = 0; round < 5; round++)
            {
                op.Receive(OperatorRig.Batch((1, 0L), (2, 0L)));
                interruptions += Resume();
                rig.Advance(10);
                interruptions += Resume();
                op.Control(ControlElement.Watermark(25 + round));
                interruptions += Resume();
            }

            op.Control(ControlElement.Watermark(EventTime.MaxWatermark));
            interruptions += Resume();
            return tap.Elements;

            int Resume()
            {
                int count = 0;
                while (op.IsUnfinished)
                {
                    rig.Pressure.Waiting = 0;
                    op.Resume();
                    count++;
                }

                rig.Pressure.Waiting = 0;
                return count;
            }
        }
    }

    [Fact]
    public void A_function_without_key_has_no_keyed_state()
    {
        using var harness = new OperatorHarness<int, int>(numbers => numbers.Map(() => new WantsState()).Name("stateful"));
        var error = Assert.ThrowsAny<Exception>(() => harness.Process(1));
        Assert.Contains("KeyBy", error.Message, StringComparison.Ordinal);
    }

    private static OperatorHarness<int, string> Timers(string script) => new(keys => keys.KeyBy(key => key).Process(() => new Scripted(script)));

    /// <summary>
    /// Registers (small letter) and deletes (capital) timers of both kinds as a script says: per line a key, or a key and the timer that fires
    /// first, and what is to be done then.
    /// </summary>
    private sealed class Scripted : KeyedProcessFunction<int, int, string>
    {
        private readonly Dictionary<string, string[]> _script;
        private readonly HashSet<string> _done = [];

        public Scripted(string script)
        {
            _script = script.Split('\n').Select(line => line.Trim().Split(": ")).ToDictionary(parts => parts[0], parts => parts[1].Split(' '));
        }

        public override void ProcessElement(int value, KeyedProcessContext<int> context, Collector<string> output)
        {
            context.Output(Side, $"record {context.Timestamp}");
            Do($"{context.CurrentKey}", context.Timers);
        }

        public override void OnTimer(long timestamp, KeyedTimerContext<int> context, Collector<string> output)
        {
            context.Output(Side, $"timer {context.Timestamp}");
            string timer = $"{context.CurrentKey} {(context.TimeDomain == TimeDomain.EventTime ? "e" : "p")}{timestamp}";
            output.Collect($"{timer} w{context.CurrentWatermark switch { EventTime.MinWatermark => "none", EventTime.MaxWatermark => "end", long w => $"{w}" }}");
            if (_done.Add(timer))
            {
                Do(timer, context.Timers);
            }
        }

        private void Do(string when, ITimerService timers)
        {
            foreach (string step in _script.GetValueOrDefault(when, []))
            {
                long time = long.Parse(step.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
                switch (step[0])
                {
                    case 'e':
                        timers.RegisterEventTimeTimer(time);
                        break;
                    case 'E':
                        timers.DeleteEventTimeTimer(time);
                        break;
                    case 'p':
                        timers.RegisterProcessingTimeTimer(time);
                        break;
                    case 'P':
                        timers.DeleteProcessingTimeTimer(time);
                        break;
                }
            }
        }
    }

    private sealed class States : KeyedProcessFunction<char, string, string>
    {
        private ValueState<int> _count = null!;
        private ListState<string> _words = null!;
        private MapState<string, int> _counts = null!;

        public override void Open(RuntimeContext context)
        {
            _count = context.GetState(new ValueStateDescriptor<int>("count"));
            _words = context.GetListState(new ListStateDescriptor<string>("words"));
            _counts = context.GetMapState(new MapStateDescriptor<string, int>("counts"));
        }

        public override void ProcessElement(string value, KeyedProcessContext<char> context, Collector<string> output)
        {
            _count.GetOrAdd()++;
            _words.Add(value);
            _counts.GetOrAdd(value)++;
            output.Collect($"{value}: {_count.Value} [{string.Join(' ', _words.AsSpan().ToArray())}] {value}={_counts[value]}");
        }
    }

    private sealed class WantsState : MapFunction<int, int>
    {
        public override void Open(RuntimeContext context) => context.GetState(new ValueStateDescriptor<int>("x"));

        public override int Map(int value) => value;
    }
}
