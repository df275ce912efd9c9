using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Serialization;
using Millrace.Serialization;
using Millrace.Windowing;

namespace Millrace.Tests.Checkpointing;

/// <summary>
/// Records that a checkpoint has in flight, and a program that has changed since. A version of a type is a type of its own here: its name is no part of what is compared.
/// </summary>
public sealed class InFlightTests
{
    private const string Edge = "numbers|out|0|";
    private readonly VirtualRun _run = new();
    private readonly List<string> _seen = [];

    [Fact]
    public void Members_that_were_swapped_are_read_by_name() => AssertReads(new Pair(1, 2), (Swapped record) => $"{record.First} {record.Second}", "1 2");

    [Fact]
    public void Members_are_added_with_their_default() => AssertReads(new Pair(1, 2), (Added record) => $"{record.First} {record.More ?? "none"} {record.Second}", "1 none 2");

    [Fact]
    public void Members_are_removed() => AssertReads(new Pair(1, 2), (Removed record) => $"{record.Second}", "2");

    [Fact]
    public void Numbers_are_widened() => AssertReads(new Pair(1, 2), (Widened record) => $"{record.First} {record.Second}", "1 2");

    [Fact]
    public void A_member_does_not_become_another_type()
    {
        var error = Refusal<Text>(() => Write<Pair>(PartitioningKind.Rebalance, 1, 1, (0, 0, [new Pair(1, 2)])));

        Assert.Equal("MR4107", error.Code);
        Assert.All(["the stream from", "Text.First", "int32", "savepoint"], word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_cannot_be_read_where_the_checkpoint_does_not_say_how_it_was_written_is_refused(bool isTooLong)
    {
        var error = isTooLong
            ? Refusal<Removed>(() => Write<Pair>(null, 1, 1, (0, 0, [new Pair(1, 2)])))
            : Refusal<Text>(() => Write<int>(null, 1, 1, (0, 0, [1])));

        Assert.Equal("MR4107", error.Code);
        Assert.Contains("does not say how they were written", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Records_between_operators_that_are_not_connected_any_more_are_refused()
    {
        var error = Refusal<Pair>(() => Write<Pair>(PartitioningKind.Rebalance, 1, 1, "numbers|gone|0|", (0, 0, [new Pair(1, 2)])));

        Assert.Equal("MR4106", error.Code);
        Assert.Contains("gone", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Records_go_by_key_where_they_did_not_before(bool isSaid)
    {
        _run.Start(Numbers(20, stream => stream.KeyBy(number => number).Process(() => new KeyedWhere(_seen))), "reference");
        _run.Await(_run.Execution.Completion);
        var expected = _seen.Order().ToList();
        Assert.Equal(20, expected.Count);
        _seen.Clear();
        Write<long>(isSaid ? PartitioningKind.Rebalance : null, 2, 2, (0, 0, Range(0, 5)), (0, 1, Range(5, 5)), (1, 0, Range(10, 5)), (1, 1, Range(15, 5)));

        _run.Start(Numbers(0, stream => stream.KeyBy(number => number).Process(() => new KeyedWhere(_seen))), "job");
        Assert.Equal(JobState.Finished, _run.Await(_run.Execution.Completion).State);

        Assert.Equal(expected, _seen.Order());
    }

    [Fact]
    public void Records_are_broadcast_where_they_were_not_before()
    {
        Write<long>(PartitioningKind.Rebalance, 2, 2, (0, 1, [1, 2]), (1, 1, [3]));

        _run.Start(Numbers(0, stream => stream.Broadcast().Process(() => new Where<long>(number => $"{number}", _seen))), "job");
        _run.Await(_run.Execution.Completion);

        Assert.Equal(["0: 1", "0: 2", "0: 3", "1: 1", "1: 2", "1: 3"], _seen.Order());
    }

    [Fact]
    public void Records_that_are_forwarded_now_come_once()
    {
        Write<long>(PartitioningKind.Rebalance, 2, 2, (0, 1, [1, 2]), (1, 0, [3]), (1, 1, [4]));

        _run.Start(Numbers(0, stream => stream.Forward().Process(() => new Where<long>(number => $"{number}", _seen)).DisableChaining()), "job");
        _run.Await(_run.Execution.Completion);

        Assert.Equal(["1", "2", "3", "4"], _seen.Select(line => line[3..]).Order());
    }

    [Fact]
    public void Records_of_a_channel_that_is_a_chain_now_stay_with_their_subtask()
    {
        Write<long>(PartitioningKind.Forward, 2, 2, (0, 0, [1, 2]), (1, 1, [3]));

        _run.Start(Numbers(0, stream => stream.Process(() => new Where<long>(number => $"{number}", _seen))), "job");
        _run.Await(_run.Execution.Completion);

        Assert.Equal(["0: 1", "0: 2", "1: 3"], _seen.Order());
    }

    // The checkpoint was one whose barriers overtook, and had records in flight; the program aggregates them in front of the exchange now, since no barrier overtakes any more.
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Records_come_to_a_window_that_now_gets_partial_aggregates(bool isLocal, bool isSameChannel)
    {
        if (isSameChannel)
        {
            // All of one key, which belongs to the second subtask.
            Write<long>(PartitioningKind.Hash, 2, 2, (0, 1, [1, 3]), (1, 1, [5]));
        }
        else
        {
            Write<long>(PartitioningKind.Rebalance, 2, 2, (0, 0, [1, 2]), (0, 1, [3]), (1, 0, [4, 7]), (1, 1, [5, 6, 8]));
        }

        var sums = new List<long>();
        var env = _run.Env(options => options.Interval = null, parallelism: 2);
        env.Options.LocalAggregation = isLocal;
        env.FromGenerator(number => number, 0).Uid("numbers").KeyBy(number => number % 2).Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1))).Reduce((a, b) => a + b).Uid("out").ForEach(sums.Add);
        Assert.Equal(isLocal, env.GetPlan("job").ToString().Contains("aggregated locally", StringComparison.Ordinal));

        _run.Start(env, "job");
        Assert.Equal(JobState.Finished, _run.Await(_run.Execution.Completion).State);

        Assert.Equal(isSameChannel ? [9] : [16, 20], sums.Order());
    }

    [Fact]
    public void What_a_checkpoint_really_had_in_flight_is_migrated_by_the_next_program()
    {
        // Asked again when the time is over: every other time it may run.
        bool isHeld = false;
        _run.Stall(actor => actor.StartsWith("slow", StringComparison.Ordinal) && (isHeld = !isHeld) ? TimeSpan.FromSeconds(1) : TimeSpan.Zero);
        _run.Start(Program(n => new Pair((int)n, (int)(2 * n)), record => $"{record.First} {record.Second}", stream => stream.Rebalance()), "job");
        _run.RunTo(25);
        _run.Kill();
        _run.Stall(null);
        var inFlight = new CheckpointStore(_run.Storage, "job", new CheckpointOptions(), TimeProvider.System, NullLogger.Instance).Open().Latest!.InFlight;
        Assert.NotEmpty(inFlight);
        Assert.All(inFlight, channel => Assert.Equal(new InFlightFormat(PartitioningKind.Rebalance, SerializerOf<Pair>().Schema), channel.Format));
        var before = _seen.ToHashSet();
        _seen.Clear();

        _run.Start(Program(n => new Swapped((int)(2 * n), (int)n), record => $"{record.First} {record.Second}", stream => stream.Broadcast()), "job");
        _run.RunTo(40);

        Assert.Equal(_seen.Distinct(), _seen);
        before.UnionWith(_seen);
        Assert.True(before.Count > 1500, $"There are {before.Count} records.");
        Assert.Equal(Enumerable.Range(0, before.Count).Select(n => $"0: {n} {2 * n}").Order(StringComparer.Ordinal), before.Order(StringComparer.Ordinal));

        StreamExecutionEnvironment Program<T>(Func<long, T> make, Func<T, string> show, Func<DataStream<T>, DataStream<T>> partition)
        {
            var env = _run.Env(options => options.Unaligned = true);
            partition(env.FromGenerator(make, 100_000, recordsPerSecond: 100).Uid("numbers"))
                .Process(() => new Where<T>(show, _seen)).Name("slow").Uid("out").ForEach(_ => { });
            return env;
        }
    }

    private static long[] Range(int start, int count) => [.. Enumerable.Range(start, count).Select(number => (long)number)];

    private static TypeSerializer<T> SerializerOf<T>() => new SerializerProvider(new SerializerRegistry()).Get<T>();

    // Through a channel, and in a chain.
    private void AssertReads<TBefore, TAfter>(TBefore record, Func<TAfter, string> show, string expected)
    {
        foreach (bool isChained in (bool[])[false, true])
        {
            string job = isChained ? "chained" : "job";
            WriteTo<TBefore>(job, PartitioningKind.Rebalance, 1, 1, Edge, (0, 0, [record]));
            _seen.Clear();
            var env = _run.Env(options => options.Interval = null);
            var stream = env.FromGenerator<TAfter>(_ => throw new InvalidOperationException("There are none."), 0).Uid("numbers");
            (isChained ? stream : stream.Rebalance()).Process(() => new Where<TAfter>(show, _seen)).Uid("out").ForEach(_ => { });

            var report = env.CheckUpgradeAsync(job).GetAwaiter().GetResult();
            _run.Start(env, job);
            Assert.Equal(JobState.Finished, _run.Await(_run.Execution.Completion).State);
            Assert.True(report.IsRestorable, $"{report}");
            Assert.Equal(UpgradeStatus.Migrates, Assert.Single(report.Connections).Status);

            Assert.Equal([$"0: {expected}"], _seen);
        }
    }

    private StateIncompatibleException Refusal<T>(Action write)
    {
        write();
        var env = _run.Env(options => options.Interval = null);
        env.FromGenerator<T>(_ => throw new InvalidOperationException("There are none."), 0).Uid("numbers").Rebalance()
            .Process(() => new Where<T>(record => $"{record}", _seen)).Uid("out").ForEach(_ => { });

        var report = env.CheckUpgradeAsync("job").GetAwaiter().GetResult();
        _run.Start(env, "job");
        var outcome = _run.Await(_run.Execution.Completion);

        Assert.Equal(JobState.Failed, outcome.State);
        Assert.Equal(0, _run.Execution.Failures.Restarts);
        Assert.Empty(_seen);
        var error = Assert.IsType<StateIncompatibleException>(outcome.Error!.InnerException);

        // What the check would have said before the start.
        Assert.Equal(error.Code, Assert.Single(report.Connections).Code);
        Assert.False(report.IsRestorable);
        return error;
    }

    private StreamExecutionEnvironment Numbers(int count, Func<DataStream<long>, SingleOutputStream<string>> process)
    {
        var env = _run.Env(options => options.Interval = null, parallelism: 2);
        process(env.FromGenerator(number => number, count).Uid("numbers")).Uid("out").ForEach(_ => { });
        return env;
    }

    private void Write<T>(PartitioningKind? partitioning, int producers, int consumers, params (int Producer, int Consumer, T[] Records)[] channels) =>
        WriteTo("job", partitioning, producers, consumers, Edge, channels);

    private void Write<T>(PartitioningKind? partitioning, int producers, int consumers, string edge, params (int Producer, int Consumer, T[] Records)[] channels) =>
        WriteTo("job", partitioning, producers, consumers, edge, channels);

    /// <summary>Writes a checkpoint of a job that had nothing but records in flight.</summary>
    private void WriteTo<T>(string job, PartitioningKind? partitioning, int producers, int consumers, string edge, params (int Producer, int Consumer, T[] Records)[] channels)
    {
        var store = new CheckpointStore(_run.Storage, job, new CheckpointOptions(), TimeProvider.System, NullLogger.Instance);
        store.Open();
        var files = store.CreateFiles(1);
        var inFlight = new List<ChannelSnapshot>();
        foreach (var (producer, consumer, records) in channels)
        {
            var recording = new ChannelRecording<T>(edge, producer, consumer, isOutput: false, SerializerOf<T>());
            var batch = new RecordBatch<T>(records.Length);
            Array.ForEach(records, record => batch.Add(record, 0));
            recording.Add(batch, 0);
            inFlight.Add(new ChannelSnapshot(edge, producer, consumer, false, recording.Count, files.Write("in-flight", recording.Write, false, TestContext.Current.CancellationToken))
            {
                Format = partitioning is { } kind ? new InFlightFormat(kind, recording.Schema) : null,
            });
        }

        store.Complete(
            new CheckpointManifest(
                job, job, 1, 1, SnapshotKind.Checkpoint, 0, [new OperatorManifest("numbers", "numbers", producers, 128, false, null, []), new OperatorManifest("out", "out", consumers, 128, false, null, [])], inFlight),
            files);
    }

    private sealed record Pair(int First, int Second);

    private sealed record Swapped(int Second, int First);

    private sealed record Added(int First, string? More, int Second);

    private sealed record Removed(int Second);

    private sealed record Widened(long First, double Second);

    private sealed record Text(string First, int Second);

    /// <summary>Says which subtask has got which record.</summary>
    private sealed class Where<T>(Func<T, string> show, List<string> seen) : ProcessFunction<T, string>
    {
        private RuntimeContext _context = null!;

        public override void Open(RuntimeContext context) => _context = context;

        public override void ProcessElement(T value, ProcessContext context, Collector<string> output) => seen.Add($"{_context.SubtaskIndex}: {show(value)}");
    }

    private sealed class KeyedWhere(List<string> seen) : KeyedProcessFunction<long, long, string>
    {
        private RuntimeContext _context = null!;

        public override void Open(RuntimeContext context) => _context = context;

        public override void ProcessElement(long value, KeyedProcessContext<long> context, Collector<string> output) => seen.Add($"{_context.SubtaskIndex}: {value}");
    }
}
