using System.Diagnostics.Metrics;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tests.Checkpointing.LocalRecovery;

namespace Millrace.Runtime.Tests.Clustering;

/// <summary>What the processes of a cluster publish: each worker of the subtasks that run in it, the coordinator's of the job.</summary>
public sealed class ClusterMetricsTests : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly List<(string Name, double Value, Dictionary<string, object?> Tags)> _measured = [];

    public ClusterMetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // What users make is published by other tests, at the same time.
            if (instrument.Meter.Name == "Millrace" && !instrument.Name.StartsWith("millrace.user.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void Each_subtask_is_published_once_by_the_worker_that_it_runs_on_also_after_it_has_moved()
    {
        var cluster = new ClusterRig(seed: 1, () => Numbers(parallelism: 2)) { PublishesMetrics = true };
        cluster.Start("a", slots: 1);
        cluster.Start("b", slots: 1);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal(["a", "b"], cluster.Hosts[0].Placement.Values.Select(worker => worker.Name).Distinct().Order());

        // Nothing of it is in the coordinator's process, which says how the job is.
        Assert.Empty(execution.Subtasks);
        Measure();
        AssertEachOnce(execution);
        Assert.InRange(Of("millrace.operator.numRecordsOut").Where(found => found.Tags["operator_name"] is "Generator").Sum(found => found.Value), 900, 1_010);
        Assert.All(Of("millrace.operator.numRecordsOutPerSecond").Where(found => found.Tags["operator_name"] is "Generator"), found => Assert.InRange(found.Value, 45, 52));
        Assert.Equal((1, 2), (Single("millrace.job.runningState"), Single("millrace.job.slots")));
        Assert.Equal(0, Single("millrace.job.numRestarts"));

        // Worker a is done without; what ran there runs on c.
        cluster.Start("c", slots: 1);
        _ = cluster.Workers[0].LeaveAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        cluster.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal(["b", "c"], cluster.Hosts[0].Placement.Values.Select(worker => worker.Name).Distinct().Order());
        Measure();
        AssertEachOnce(execution);

        // Who leaves in peace has not failed.
        Assert.Equal(0, Single("millrace.job.numRestarts"));

        execution.Cancel();
        cluster.RunToEnd(execution);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Measure();
        Assert.Empty(_measured);
    }

    [Fact]
    public void Backlog_of_sources_elsewhere_is_known_to_the_coordinator()
    {
        var cluster = new ClusterRig(seed: 1, () => Numbers(parallelism: 2)) { PublishesMetrics = true, MeasureInterval = TimeSpan.FromSeconds(1) };
        cluster.Start("a", slots: 1);
        cluster.Start("b", slots: 1);
        var execution = cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(10));

        // The generator has a pace, and keeps it.
        Assert.InRange(execution.PendingRecords!.Value, 0, 4);
        Measure();
        Assert.InRange(Single("millrace.job.pendingRecords"), 0, 4);
        Assert.Equal(2, Of("millrace.operator.pendingRecords").Count());
        execution.Cancel();
        cluster.RunToEnd(execution);

        var silent = new ClusterRig(seed: 1, () => Numbers(parallelism: 2));
        silent.Start("a", slots: 2);
        var unheard = silent.Lead(term: 1);
        silent.RunFor(TimeSpan.FromSeconds(10));
        Assert.Null(unheard.PendingRecords);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Event_time_that_stands_still_elsewhere_is_warned_of_where_it_is_known(bool standsStill, bool isMeasured)
    {
        var log = new KeptLog();
        var cluster = new ClusterRig(seed: 1, () => TimeOf(log, standsStill)) { MeasureInterval = isMeasured ? TimeSpan.FromSeconds(1) : null };
        cluster.Start("a", slots: 1);
        cluster.Start("b", slots: 1);
        cluster.Lead(term: 1);
        cluster.RunFor(TimeSpan.FromSeconds(100));
        if (standsStill && isMeasured)
        {
            string line = Assert.Single(log.Of(2010));
            Assert.Contains("split '", line, StringComparison.Ordinal);
            Assert.Contains(" of 'records'", line, StringComparison.Ordinal);
            Assert.Contains("'sums'", line, StringComparison.Ordinal);
        }
        else
        {
            Assert.Empty(log.Of(2010));
        }
    }

    private static StreamExecutionEnvironment Numbers(int parallelism)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism, RestartStrategy = RestartStrategy.FixedDelay(100, TimeSpan.FromSeconds(1)) });
        env.FromGenerator(n => n, 1_000_000_000, recordsPerSecond: 100).KeyBy(n => n % 7).Reduce((_, n) => n).ForEach(_ => { });
        return env;
    }

    private static StreamExecutionEnvironment TimeOf(KeptLog log, bool standsStill)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2, WatermarkStallTimeout = TimeSpan.FromSeconds(20) }) { LoggerFactory = log };
        env.FromGenerator(n => n, 1_000_000_000, recordsPerSecond: 100, WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(n => standsStill ? 5_000 : n % 500_000_000)).Name("records")
            .KeyBy(n => n % 7).Reduce((_, n) => n).Name("sums").Discard();
        return env;
    }

    private void AssertEachOnce(JobExecution execution)
    {
        var expected = execution.Job.Vertices.SelectMany(vertex => Enumerable.Range(0, vertex.Parallelism).Select(index => $"squares squares {vertex.Name} {index}")).Order(StringComparer.Ordinal);
        Assert.Equal(
            expected,
            Of("millrace.task.numRecordsIn").Select(found => $"{found.Tags["job"]} {found.Tags["job_id"]} {found.Tags["task_name"]} {found.Tags["subtask_index"]}").Order(StringComparer.Ordinal));
    }

    private IEnumerable<(string Name, double Value, Dictionary<string, object?> Tags)> Of(string name) => _measured.Where(found => found.Name == name);

    private double Single(string name) => Assert.Single(_measured, found => found.Name == name).Value;

    private void Measure()
    {
        _measured.Clear();
        _listener.RecordObservableInstruments();
    }

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var named = new Dictionary<string, object?>(tags.ToArray());
        if (named["job"] is "squares")
        {
            _measured.Add((instrument.Name, value, named));
        }
    }
}
