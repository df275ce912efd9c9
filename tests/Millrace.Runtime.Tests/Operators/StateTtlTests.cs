using Millrace.Runtime.State.Operator;
using Millrace.Runtime.Tests.State;
using Millrace.State;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Operators;

/// <summary>State with a time to live in operators.</summary>
public sealed class StateTtlTests
{
    private static readonly StateTtl Hour = new(TimeSpan.FromHours(1));
    private static readonly MapStateDescriptor<string, int> Rules = new("rules");

    [Fact]
    public void A_function_sees_state_as_long_as_it_lives_by_the_clock_of_the_job()
    {
        using var harness = Harness(Hour);
        harness.Process([("a", 0), ("b", 0), ("a", 0)]);
        harness.AdvanceProcessingTime(TimeSpan.FromMinutes(59));
        harness.Process([("a", 0), ("c", 0)]);
        harness.AdvanceProcessingTime(TimeSpan.FromMinutes(1));
        harness.Process([("a", 0), ("b", 0), ("c", 0)]);
        Assert.Equal(["a1", "b1", "a2", "a3", "c1", "a4", "b1", "c2"], harness.Output);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_restored_function_goes_on_with_the_time_that_was_left(int parallelism)
    {
        using var harness = Harness(Hour);
        harness.Process([("a", 0)]);
        harness.AdvanceProcessingTime(TimeSpan.FromMinutes(30));
        harness.Process([("b", 0)]);
        using var restored = harness.Rescale(parallelism);
        restored.AdvanceProcessingTime(TimeSpan.FromMinutes(30));
        restored.Process([("a", 0), ("b", 0)]);
        Assert.Equal(["a1", "b2"], restored.Output.Order());
    }

    [Fact]
    public void A_time_to_live_can_be_added_to_a_job_and_removed_from_it()
    {
        using var plain = Harness(null);
        plain.Process([("a", 0)]);
        plain.AdvanceProcessingTime(TimeSpan.FromDays(1));

        using var added = Harness(Hour, plain.Snapshot(), plain.ProcessingTime);
        added.AdvanceProcessingTime(TimeSpan.FromMinutes(59));
        added.Process([("a", 0), ("b", 0)]);
        var snapshot = added.Snapshot();
        added.AdvanceProcessingTime(TimeSpan.FromHours(1));
        added.Process([("a", 0)]);
        Assert.Equal(["a2", "b1", "a1"], added.Output);

        using var removed = Harness(null, snapshot, plain.ProcessingTime);
        removed.AdvanceProcessingTime(TimeSpan.FromDays(100));
        removed.Process([("a", 0), ("b", 0)]);
        Assert.Equal(["a3", "b2"], removed.Output);
    }

    [Fact]
    public void A_broadcast_function_is_not_shown_keys_whose_state_has_expired()
    {
        using var harness = new TwoInputOperatorHarness<string, string, string>((words, rules) => words.KeyBy(word => word).Connect(rules.Broadcast(Rules)).Process(() => new Names()));
        harness.Process1("a");
        harness.AdvanceProcessingTime(TimeSpan.FromMinutes(30));
        harness.Process1("b");
        harness.Process2("first");
        harness.AdvanceProcessingTime(TimeSpan.FromMinutes(30));
        harness.Process2("second");
        Assert.Equal(["first a", "first b", "second b"], harness.Output.Order());
    }

    [Fact]
    public void State_that_cannot_have_a_time_to_live_says_so()
    {
        using var ofWindow = new OperatorHarness<string, string>(words => words.KeyBy(word => word)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1))).Process(() => new OfWindow()));
        ofWindow.Process("a", 1);
        var error = Record.Exception(() => ofWindow.Watermark(5_000));
        Assert.Contains("belongs to a window", error!.ToString(), StringComparison.Ordinal);

        error = Record.Exception(() =>
        {
            using var broadcast = new TwoInputOperatorHarness<string, string, string>(
                (words, rules) => words.KeyBy(word => word).Connect(rules.Broadcast(new MapStateDescriptor<string, int>("rules") { Ttl = Hour })).Process(() => new Names()));
            broadcast.Process2("first");
        });
        Assert.Contains("'rules' has a time to live, which only keyed state can have", error!.ToString(), StringComparison.Ordinal);

        var ofSubtask = new OperatorStateBackend(TestSerializers.Default, subtaskIndex: 0);
        error = Assert.Throws<ArgumentException>(() => ofSubtask.GetListState(new ListStateDescriptor<string>("words") { Ttl = Hour }));
        Assert.Contains("'words' has a time to live, which only keyed state can have", error.Message, StringComparison.Ordinal);
    }

    private static OperatorHarness<string, string> Harness(StateTtl? ttl, OperatorSnapshot? from = null, long startTime = 0) => new(
        words => words.KeyBy(word => word).Process(() => new Counting(ttl)),
        new HarnessOptions { RestoreFrom = from, StartTime = DateTimeOffset.FromUnixTimeMilliseconds(startTime) });

    private sealed class Counting(StateTtl? ttl) : KeyedProcessFunction<string, string, string>
    {
        private ReducingState<int> _count = null!;

        public override void Open(RuntimeContext context) => _count = context.GetReducingState(new ReducingStateDescriptor<int>("count", (a, b) => a + b) { Ttl = ttl });

        public override void ProcessElement(string value, KeyedProcessContext<string> context, Collector<string> output)
        {
            _count.Add(1);
            output.Collect(value + _count.Value);
        }
    }

    private sealed class Names : KeyedBroadcastProcessFunction<string, string, string, string>
    {
        private static readonly ListStateDescriptor<string> Words = new("words") { Ttl = Hour };
        private ListState<string> _words = null!;

        public override void Open(RuntimeContext context) => _words = context.GetListState(Words);

        public override void ProcessElement(string value, KeyedReadOnlyBroadcastContext<string> context, Collector<string> output) => _words.Add(value);

        public override void ProcessBroadcastElement(string value, KeyedBroadcastContext<string> context, Collector<string> output) =>
            context.ApplyToKeyedState(Words, (key, words) =>
            {
                Assert.Equal(key, Assert.Single(words.AsSpan().ToArray()));
                output.Collect($"{value} {key}");
            });
    }

    private sealed class OfWindow : ProcessWindowFunction<string, string, string, TimeWindow>
    {
        public override void Process(string key, WindowContext<TimeWindow> context, IReadOnlyList<string> elements, Collector<string> output) =>
            context.WindowState.GetState(new ValueStateDescriptor<int>("n") { Ttl = Hour }).Value = 1;
    }
}
