using Millrace.Checkpointing;
using Millrace.Connectors;
using Millrace.State;
using Millrace.StateProcessing;
using Millrace.Testing;
using Millrace.Tests.SavepointJobs;

namespace Millrace.Tests.StateProcessing;

public sealed class SavepointReaderTests : IDisposable
{
    private readonly SavepointRig _rig = new();
    private readonly List<LedgerJob.Line> _lines = [];

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Everything_that_a_job_had_is_read(bool isNative)
    {
        using var savepoint = Take(isNative);
        var cancellation = TestContext.Current.CancellationToken;

        var totals = await savepoint.ReadKeyed<int, LedgerJob.Total>(LedgerJob.Uid, "total").ToDictionaryAsync(entry => entry.Key, entry => entry.Value, cancellationToken: cancellation);
        Assert.Equal(_lines.GroupBy(line => line.Digit).ToDictionary(digit => digit.Key, digit => digit.Max(line => line.Count)), totals.ToDictionary(total => total.Key, total => total.Value.Count));
        Assert.Equal(_lines.GroupBy(line => line.Digit).ToDictionary(digit => digit.Key, digit => digit.Max(line => line.Sum)), totals.ToDictionary(total => total.Key, total => total.Value.Sum));
        await foreach (var (key, values) in savepoint.ReadKeyedList<int, long>(LedgerJob.Uid, "numbers").WithCancellation(cancellation))
        {
            Assert.Equal(totals[key].Sum, values.Sum());
        }

        await foreach (var (key, entries) in savepoint.ReadKeyedMap<int, string, int>(LedgerJob.Uid, "parity").WithCancellation(cancellation))
        {
            Assert.Equal([new(key % 2 == 0 ? "even" : "odd", totals[key].Count)], entries);
        }

        Assert.Equal(totals.Keys.Order().Select(key => new SavepointTimer<int>(key, 1_000_000 + key)),
            (await savepoint.ReadTimers<int>(LedgerJob.Uid, TimeDomain.EventTime).ToListAsync(cancellation)).OrderBy(timer => timer.Key));
        Assert.Equal(["subtask 0", "subtask 1"], savepoint.ReadList<string>(LedgerJob.Uid, "opened"));
        Assert.Equal(["0: subtask 0", "0: subtask 1"], savepoint.ReadList<string>(LedgerJob.Uid, "all"));
        Assert.Equal(_lines.Count, savepoint.ReadSplits<RangeSplit>(LedgerJob.SourceUid).Sum(split => split.Next - (split.Index * 5_000)));
        Assert.Empty(savepoint.ReadEnumerator<RangeEnumeratorState>(LedgerJob.SourceUid).Unassigned);
    }

    [Fact]
    public async Task States_are_listed_with_what_is_known_of_them()
    {
        using var savepoint = Take(isNative: false);
        var op = Assert.Single(savepoint.Operators, op => op.Uid == LedgerJob.Uid);
        Assert.Equal((2, 128, false, "canonical"), (op.Parallelism, op.MaxParallelism, op.IsFinished, op.StateFormat));

        var states = await savepoint.GetStatesAsync(LedgerJob.Uid, TestContext.Current.CancellationToken);

        Assert.Equal(
            [
                ("event-time timers", SavepointStateKind.Timers), ("processing-time timers", SavepointStateKind.Timers), ("total", SavepointStateKind.Value),
                ("numbers", SavepointStateKind.List), ("parity", SavepointStateKind.Map), ("opened", SavepointStateKind.OperatorList), ("all", SavepointStateKind.OperatorUnionList),
            ],
            states.Select(state => (state.Name, state.Kind)));
        Assert.All(states.Take(5), state => Assert.Equal((10, "int32"), (state.Entries, state.Key!.Name)));
        Assert.All(states, state => Assert.True(state.Bytes > 0, state.Name));
    }

    [Fact]
    public async Task A_function_sees_all_states_of_a_key_and_its_timers()
    {
        using var savepoint = Take(isNative: false);

        var texts = await savepoint.ReadKeys(LedgerJob.Uid, () => new Describe()).ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(
            _lines.GroupBy(line => line.Digit).Select(digit => $"{digit.Key}: {digit.Max(line => line.Sum)} in {digit.Count()}, {1_000_000 + digit.Key}, {4_000_000_000_000 + digit.Key}").Order(),
            texts.Order());
    }

    [Fact]
    public async Task The_same_comes_as_a_stream()
    {
        using var savepoint = Take(isNative: false);
        var expected = await savepoint.ReadKeyed<int, LedgerJob.Total>(LedgerJob.Uid, "total").ToListAsync(TestContext.Current.CancellationToken);
        var found = new List<(int, LedgerJob.Total)>();
        var texts = new List<string>();
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 3 });
        env.FromSavepoint<int, LedgerJob.Total>(savepoint, LedgerJob.Uid, "total").SinkTo(new CallbackSink<(int, LedgerJob.Total)>(found.Add)).Parallelism(1);
        env.FromSavepointKeys(savepoint, LedgerJob.Uid, () => new Describe()).SinkTo(new CallbackSink<string>(texts.Add)).Parallelism(1);

        JobRunner.Run(env, seed: 1);

        Assert.Equal(expected.OrderBy(entry => entry.Key), found.OrderBy(entry => entry.Item1));
        Assert.Equal(10, texts.Count);
    }

    [Fact]
    public async Task What_is_not_there_is_named()
    {
        using var savepoint = Take(isNative: false);

        var noOperator = Assert.Throws<MillraceException>(() => savepoint.ReadList<int>("nobody", "total"));
        var noState = await Assert.ThrowsAsync<MillraceException>(async () => await savepoint.ReadKeyed<int, int>(LedgerJob.Uid, "totals").ToListAsync());
        var otherType = await Assert.ThrowsAsync<StateIncompatibleException>(async () => await savepoint.ReadKeyed<int, string>(LedgerJob.Uid, "total").ToListAsync());
        var otherKey = await Assert.ThrowsAsync<StateIncompatibleException>(async () => await savepoint.ReadKeyed<long, LedgerJob.Total>(LedgerJob.Uid, "total").ToListAsync());

        Assert.Equal("MR4301", noOperator.Code);
        Assert.Contains("'ledger'", noOperator.Message, StringComparison.Ordinal);
        Assert.Equal("MR4301", noState.Code);
        Assert.Contains("'total'", noState.Message, StringComparison.Ordinal);
        Assert.Equal("MR4101", otherType.Code);
        Assert.Equal("MR4102", otherKey.Code);
    }

    [Fact]
    public async Task State_in_a_backends_own_format_needs_the_backend()
    {
        string path = _rig.Start(LedgerJob.Build(_lines), backend: new NativeHeapBackend()).Until(() => _lines.Count > 100).Stop("native", SavepointFormat.Native);
        using var savepoint = SavepointReader.Open(_rig.Storage, path);

        var error = await Assert.ThrowsAsync<MillraceException>(() => savepoint.GetStatesAsync(LedgerJob.Uid));

        Assert.Equal("MR4302", error.Code);
        Assert.Contains("native-heap", error.Message, StringComparison.Ordinal);
    }

    private SavepointReader Take(bool isNative)
    {
        var backend = isNative ? new NativeHeapBackend() : null;
        string path = _rig.Start(LedgerJob.Build(_lines), backend: backend).Until(() => _lines.Count > 300).Stop("savepoint", isNative ? SavepointFormat.Native : SavepointFormat.Canonical);
        return SavepointReader.Open(_rig.Storage, path, backend);
    }

    private sealed class Describe : KeyedStateReaderFunction<int, string>
    {
        private ValueState<LedgerJob.Total> _total = null!;
        private ListState<long> _numbers = null!;

        public override void Open(KeyedStateReaderContext context)
        {
            _total = context.GetState(new ValueStateDescriptor<LedgerJob.Total>("total"));
            _numbers = context.GetListState(new ListStateDescriptor<long>("numbers"));
        }

        public override IEnumerable<string> Read(int key, KeyTimers timers)
        {
            yield return $"{key}: {_total.Value!.Sum} in {_numbers.Count}, {string.Join('|', timers.EventTime)}, {string.Join('|', timers.ProcessingTime)}";
        }
    }
}
