using Millrace.Checkpointing;
using Millrace.Connectors;
using Millrace.State;

namespace Millrace.Tests.SavepointJobs;

/// <summary>What the check opens and what it does not, what it looks at, and what it says.</summary>
public sealed class UpgradeReportTests : IDisposable
{
    private readonly SavepointRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_report_is_a_table_for_people()
    {
        int seen = 0;
        _rig.Start(Totals<Account>("totals", () => seen++), parallelism: 1).Until(() => seen > 10).Stop("savepoint");

        var report = _rig.Check(Totals<NewAccount>("totals", () => { }), new RestoreOptions("savepoint"), parallelism: 2);

        Assert.Equal(
            $"""
            Job 'savepoint job' from savepoint 1 (savepoint, {report.Timestamp:yyyy-MM-dd HH:mm:ss'Z'}): restorable

                        Operator, state           Kind           What is to be known
            ----------  ------------------------  -------------  -------------------
            compatible  Generator (numbers)                      Parallelism was 1 and is 2: key groups and lists are dealt out anew.
            compatible    enumerator              enumerator
            compatible    .splits                 operator list
            compatible    .watermarks             union list
            migrates    totals                                   Parallelism was 1 and is 2: key groups and lists are dealt out anew.
            new           event-time timers       timers
            new           processing-time timers  timers
            migrates      total                   value          'Discount' is new and has its default; 'Name' is gone, and so is its data; 'Amount' was int32 and is int64.
            compatible  Sink (out)
            """.ReplaceLineEndings("\n"),
            report.ToString());
    }

    [Fact]
    public void An_operator_whose_uid_was_lost_is_pointed_out()
    {
        int seen = 0;
        _rig.Start(Totals<Account>("totals", () => seen++)).Until(() => seen > 10).Stop("savepoint");

        var report = _rig.Check(Totals<Account>("others", () => { }), new RestoreOptions("savepoint"));

        Assert.Contains(".Uid(\"totals\")", report["others"].Reason, StringComparison.Ordinal);
        Assert.Equal("MR4105", report["totals"].Code);
        Assert.Contains(report["totals"].States, state => state is { Name: "total", Status: UpgradeStatus.Dropped });
        Assert.Contains("NOT restorable", report.ToString(), StringComparison.Ordinal);
        Assert.Contains("\nIt cannot be started from it:\n- MR4105: Operator 'totals'", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_that_may_have_been_renamed_is_pointed_out()
    {
        int seen = 0;
        _rig.Start(Totals<Account>("totals", () => seen++)).Until(() => seen > 10).Stop("savepoint");

        var report = _rig.Check(Totals<RenamedAccount>("totals", () => { }), new RestoreOptions("savepoint"));

        Assert.Contains("'Amount' is gone, and so is its data (also if 'Balance' is meant to be the same", report["totals"].States.Single(state => state.Name == "total").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Functions_are_opened_and_closed_with_services_of_their_own_and_sources_and_sinks_are_not()
    {
        int seen = 0;
        _rig.Start(Opening([], () => seen++)).Until(() => seen > 10).Stop("savepoint");
        var calls = new List<string>();

        var report = _rig.Check(Opening(calls, () => throw new InvalidOperationException("No record comes.")), new RestoreOptions("savepoint"));

        // One subtask of each, the last of the chain first.
        Assert.Equal(["open", "close"], calls);
        Assert.Equal(UpgradeStatus.Compatible, report["function"].Status);
        Assert.True(report.IsComplete, $"{report}");
        Assert.Equal(0, report.ExitCode);
    }

    [Fact]
    public void Without_opening_functions_only_the_engines_own_states_are_looked_at()
    {
        int seen = 0;
        _rig.Start(Opening([], () => seen++)).Until(() => seen > 10).Stop("savepoint");
        var calls = new List<string>();

        var report = _rig.Check(Opening(calls, () => { }), new RestoreOptions("savepoint"), options: new UpgradeCheckOptions { OpenFunctions = false });

        Assert.Empty(calls);
        Assert.Equal(UpgradeStatus.NotChecked, report["function"].Status);
        Assert.Equal(UpgradeStatus.Compatible, report["reduce"].Status);
        Assert.Equal(UpgradeStatus.Compatible, report["numbers"].Status);
        Assert.True(report.IsRestorable);
        Assert.Equal(2, report.ExitCode);
    }

    [Fact]
    public void A_function_that_cannot_be_opened_is_not_checked_and_the_others_are()
    {
        int seen = 0;
        _rig.Start(Opening([], () => seen++)).Until(() => seen > 10).Stop("savepoint");
        List<string> calls = ["fail"];

        var report = _rig.Check(Opening(calls, () => { }), new RestoreOptions("savepoint"));

        Assert.Equal(UpgradeStatus.NotChecked, report["function"].Status);
        Assert.Contains("No service today.", report["function"].Reason, StringComparison.Ordinal);
        Assert.Equal(UpgradeStatus.Compatible, report["reduce"].Status);
        Assert.Equal(["fail", "open", "close"], calls);
        Assert.Equal(2, report.ExitCode);
    }

    [Fact]
    public void Without_a_path_it_looks_at_what_the_job_would_go_on_from_and_writes_nothing()
    {
        int seen = 0;
        Action<ExecutionOptions> same = options => options.Checkpoints.JobId = "same";
        Assert.Null(_rig.Check(Totals<Account>("totals", () => { }), configure: same).Path);
        var running = _rig.Start(Totals<Account>("totals", () => seen++), configure: same).Until(() => seen > 10);
        running.Checkpoint();
        running.Until(() => seen > 20);
        var before = Files();

        var report = _rig.Check(Totals<NewAccount>("totals", () => { }), configure: same);

        Assert.Equal("same/chk-1", report.Path);
        Assert.False(report.IsSavepoint);
        Assert.Equal(UpgradeStatus.Migrates, report["totals"].Status);
        Assert.Equal(before, Files());

        // The run that was looked at is still in charge.
        running.Checkpoint();
        running.Stop("stopped");
        Assert.Equal("stopped", _rig.Check(Totals<Account>("totals", () => { }), configure: same).Path);
        Assert.Equal("MR4101", _rig.Check(Totals<TextAccount>("totals", () => { }), configure: same)["totals"].States.Single(state => state.Name == "total").Code);
    }

    [Fact]
    public void A_job_that_has_finished_says_so()
    {
        Action<ExecutionOptions> same = options => options.Checkpoints.JobId = "same";
        _rig.Start(env => env.FromSequence(1, 10).Discard(), configure: same).End();

        var report = _rig.Check(env => env.FromSequence(1, 10).Discard(), configure: same);

        Assert.Contains("has finished", Assert.Single(report.Notes), StringComparison.Ordinal);
        Assert.True(report.IsRestorable);
    }

    [Fact]
    public async Task A_job_without_a_storage_is_refused_and_another_storage_can_be_named()
    {
        int seen = 0;
        _rig.Start(Totals<Account>("totals", () => seen++)).Until(() => seen > 10).Stop("savepoint");
        var env = new StreamExecutionEnvironment();
        Totals<Account>("totals", () => { })(env);

        var error = await Assert.ThrowsAsync<MillraceException>(() => env.CheckUpgradeAsync("job", cancellationToken: TestContext.Current.CancellationToken));
        var report = await env.CheckUpgradeAsync("job", new UpgradeCheckOptions { Savepoint = "savepoint", Storage = _rig.Storage }, TestContext.Current.CancellationToken);

        Assert.Equal("MR4401", error.Code);
        Assert.True(report.IsRestorable);
        Assert.Throws<KeyNotFoundException>(() => report["nobody"]);
    }

    [Fact]
    public void New_input_to_an_operator_that_has_finished_is_refused_as_a_start_refuses_it()
    {
        int seen = 0;
        Action<StreamExecutionEnvironment> Job(bool hasMore) => env =>
        {
            DataStream<long> few = env.FromSequence(1, 10).Uid("few");
            if (hasMore)
            {
                few = few.Union(env.FromSequence(1, 10).Uid("more"));
            }

            few.Rebalance().Map(number => number).Uid("ended").Discard();
            LedgerJob.Numbers(env, 10_000).SinkTo(new CallbackSink<long>(_ => seen++)).Uid("out");
        };
        _rig.Start(Job(false)).Until(() => seen > 50).Stop("savepoint");

        var same = _rig.Check(Job(false), new RestoreOptions("savepoint"));
        var other = _rig.Check(Job(true), new RestoreOptions("savepoint"));
        var error = Assert.Throws<JobFailedException>(() => _rig.Start(Job(true), new RestoreOptions("savepoint")).End());

        Assert.True(same.IsRestorable, $"{same}");
        Assert.Contains("come to its end", same["ended"].Reason, StringComparison.Ordinal);
        Assert.Contains("MR4109", error.Message, StringComparison.Ordinal);
        Assert.Equal("MR4109", other["ended"].Code);
    }

    private Dictionary<string, string> Files() =>
        Directory.GetFiles(_rig.Root, "*", SearchOption.AllDirectories).ToDictionary(file => file, file => Convert.ToHexString(File.ReadAllBytes(file)));

    private static Action<StreamExecutionEnvironment> Totals<T>(string uid, Action seen)
        where T : new() => env =>
        LedgerJob.Numbers(env, 10_000).KeyBy(number => (int)(number % 10)).Process(() => new Total<T>()).Name("totals").Uid(uid).SinkTo(new CallbackSink<int>(_ => seen())).Uid("out").Parallelism(1);

    private static Action<StreamExecutionEnvironment> Opening(List<string> calls, Action seen) => env =>
    {
        var keyed = LedgerJob.Numbers(env, 10_000).KeyBy(number => (int)(number % 10));
        keyed.Process(() => new Watched(calls)).Uid("function").SinkTo(new CallbackSink<int>(_ => seen())).Uid("out");
        keyed.Reduce((first, second) => first + second).Uid("reduce").SinkTo(new CallbackSink<long>(_ => { })).Uid("sums");
    };

    public sealed record Account(int Amount, string Name)
    {
        public Account()
            : this(0, "")
        {
        }
    }

    private sealed class NewAccount
    {
        public long Amount { get; set; }

        public int Discount { get; set; }
    }

    private sealed class RenamedAccount
    {
        public int Balance { get; set; }

        public string Name { get; set; } = "";
    }

    private sealed class TextAccount
    {
        public string Amount { get; set; } = "";
    }

    private sealed class Total<T> : KeyedProcessFunction<int, long, int>
        where T : new()
    {
        private ValueState<T> _total = null!;

        public override void Open(RuntimeContext context) => _total = context.GetState(new ValueStateDescriptor<T>("total"));

        public override void ProcessElement(long value, KeyedProcessContext<int> context, Collector<int> output)
        {
            _total.Value = new T();
            output.Collect(0);
        }
    }

    private sealed class Watched(List<string> calls) : KeyedProcessFunction<int, long, int>
    {
        private ValueState<int> _count = null!;

        public override void Open(RuntimeContext context)
        {
            bool fails = calls.Contains("fail");
            calls.Add("open");
            if (fails)
            {
                throw new IOException("No service today.");
            }

            _count = context.GetState(new ValueStateDescriptor<int>("count"));
        }

        public override void ProcessElement(long value, KeyedProcessContext<int> context, Collector<int> output)
        {
            _count.Value++;
            output.Collect(0);
        }

        public override void Close() => calls.Add("close");
    }
}
