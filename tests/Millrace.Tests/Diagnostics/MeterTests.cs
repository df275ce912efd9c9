using System.Diagnostics.Metrics;
using Millrace.Runtime.Diagnostics;
using Millrace.Tests.Checkpointing;

namespace Millrace.Tests.Diagnostics;

/// <summary>What a job publishes under the meter <c>Millrace</c>. The names are a promise: dashboards are made of them.</summary>
public sealed class MeterTests : IDisposable
{
    private readonly VirtualRun _run = new();
    private readonly string _job = $"metered {Guid.NewGuid():N}";
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, string?> _units = [];
    private readonly List<(string Name, long Value, Dictionary<string, object?> Tags)> _measured = [];

    public MeterTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // What users make is published by other tests, at the same time.
            if (instrument.Meter.Name == "Millrace" && !instrument.Name.StartsWith("millrace.user.", StringComparison.Ordinal))
            {
                _units[instrument.Name] = instrument.Unit;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var named = new Dictionary<string, object?>(tags.ToArray());
            if (Equals(named["job"], _job))
            {
                _measured.Add((instrument.Name, value, named));
            }
        });
        _listener.Start();
    }

    [Fact]
    public void Instruments_HaveTheReferencesNames()
    {
        _run.Start(Job(() => false), _job);
        JobInstruments.Register(_run.Execution);
        Assert.Equal(
            [
                "millrace.job.cancellingState []",
                "millrace.job.cancellingTime [ms]",
                "millrace.job.downtime [ms]",
                "millrace.job.failingState []",
                "millrace.job.failingTime [ms]",
                "millrace.job.lastCheckpointCompletedTimestamp [ms]",
                "millrace.job.lastCheckpointDuration [ms]",
                "millrace.job.lastCheckpointFullSize [By]",
                "millrace.job.lastCheckpointRestoreTimestamp [ms]",
                "millrace.job.lastCheckpointSize [By]",
                "millrace.job.lastCompletedCheckpointId []",
                "millrace.job.numRestarts [{restart}]",
                "millrace.job.numberOfCompletedCheckpoints [{checkpoint}]",
                "millrace.job.numberOfFailedCheckpoints [{checkpoint}]",
                "millrace.job.numberOfInProgressCheckpoints [{checkpoint}]",
                "millrace.job.pendingRecords [{record}]",
                "millrace.job.restartingState []",
                "millrace.job.restartingTime [ms]",
                "millrace.job.restartingTimeTotal [ms]",
                "millrace.job.runningState []",
                "millrace.job.runningTime [ms]",
                "millrace.job.runningTimeTotal [ms]",
                "millrace.job.slots [{slot}]",
                "millrace.job.totalNumberOfCheckpoints [{checkpoint}]",
                "millrace.job.uptime [ms]",
                "millrace.operator.currentInputWatermark [ms]",
                "millrace.operator.currentOutputWatermark [ms]",
                "millrace.operator.numLateRecordsDropped [{record}]",
                "millrace.operator.numRecordsIn [{record}]",
                "millrace.operator.numRecordsInErrors [{record}]",
                "millrace.operator.numRecordsInPerSecond [{record}/s]",
                "millrace.operator.numRecordsOut [{record}]",
                "millrace.operator.numRecordsOutPerSecond [{record}/s]",
                "millrace.operator.numRecordsSkipped [{record}]",
                "millrace.operator.pendingBytes [By]",
                "millrace.operator.pendingRecords [{record}]",
                "millrace.task.backPressuredTimeMsPerSecond [ms/s]",
                "millrace.task.busyTimeMsPerSecond [ms/s]",
                "millrace.task.checkpointAlignmentTime [ns]",
                "millrace.task.checkpointStartDelayNanos [ns]",
                "millrace.task.idleTimeMsPerSecond [ms/s]",
                "millrace.task.isBackPressured []",
                "millrace.task.numRecordsIn [{record}]",
                "millrace.task.numRecordsInPerSecond [{record}/s]",
                "millrace.task.numRecordsOut [{record}]",
                "millrace.task.numRecordsOutPerSecond [{record}/s]",
            ],
            _units.Select(unit => $"{unit.Key} [{unit.Value}]").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Instruments_StandInTheReference()
    {
        _run.Start(Job(() => false), _job);
        JobInstruments.Register(_run.Execution);
        string reference = File.ReadAllText(Path.Combine(Root(), "docs", "reference", "metrics.md"));
        Assert.NotEmpty(_units);
        Assert.All(_units.Keys, name => Assert.Contains($"`{name[(name.LastIndexOf('.') + 1)..]}`", reference, StringComparison.Ordinal));

        static string Root()
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Millrace.slnx")))
            {
                folder = folder.Parent!;
            }

            return folder.FullName;
        }
    }

    [Fact]
    public void Job_OfCheckpointsAndRestarts_IsMeasuredUntilItEnds()
    {
        bool fails = false;
        var execution = _run.Start(Job(() => fails), _job);
        JobInstruments.Register(execution);
        _run.RunTo(5);
        Measure();
        Assert.Equal(0, ValueOf("numberOfCompletedCheckpoints"));
        Assert.DoesNotContain(_measured, measured => measured.Name == "millrace.job.lastCheckpointDuration");

        _run.RunTo(25);
        Measure();
        var latest = CheckpointSummaries.From(execution).LatestCompleted!;
        Assert.Equal(2, ValueOf("numberOfCompletedCheckpoints"));
        Assert.Equal(2, ValueOf("totalNumberOfCheckpoints"));
        Assert.Equal(0, ValueOf("numberOfFailedCheckpoints"));
        Assert.Equal(0, ValueOf("numberOfInProgressCheckpoints"));
        Assert.Equal(2, ValueOf("lastCompletedCheckpointId"));
        Assert.Equal(latest.Duration!.Value.TotalMilliseconds, ValueOf("lastCheckpointDuration"));
        Assert.Equal(latest.StateSize, ValueOf("lastCheckpointFullSize"));
        Assert.Equal(latest.WrittenSize, ValueOf("lastCheckpointSize"));
        Assert.InRange(ValueOf("uptime"), 24_000, 25_100);
        Assert.Equal((1, 0, 0, 0), (ValueOf("runningState"), ValueOf("restartingState"), ValueOf("failingState"), ValueOf("cancellingState")));
        Assert.InRange(ValueOf("runningTime"), 24_000, 25_100);
        Assert.Equal(0, ValueOf("restartingTime"));
        Assert.Equal(0, ValueOf("downtime"));
        Assert.Equal(3, _measured.Count(measured => measured.Name == "millrace.task.checkpointAlignmentTime"));
        Assert.Contains(_measured, measured => measured.Tags.GetValueOrDefault("task_name") is "count → Discard" && measured.Tags["subtask_index"] is 1);
        Assert.All(_measured, measured => Assert.Equal(execution.JobId, measured.Tags["job_id"]));

        fails = true;
        _run.RunUntil(() => execution.State == JobState.Restarting);
        var since = _run.Now;
        fails = false;
        _run.RunUntil(since + TimeSpan.FromMilliseconds(500));
        Measure();
        Assert.Equal(1, ValueOf("numRestarts"));
        Assert.InRange(ValueOf("downtime"), 500, 600);
        Assert.Equal(0, ValueOf("uptime"));
        Assert.Equal((0, 1), (ValueOf("runningState"), ValueOf("restartingState")));
        Assert.InRange(ValueOf("restartingTime"), 500, 600);
        Assert.Equal(0, ValueOf("runningTime"));

        _run.RunTo(40);
        Measure();
        Assert.Equal(0, ValueOf("downtime"));
        Assert.InRange(ValueOf("restartingTimeTotal"), 900, 1_200);
        Assert.InRange(ValueOf("lastCheckpointRestoreTimestamp"), since.ToUnixTimeMilliseconds() + 900, since.ToUnixTimeMilliseconds() + 1_200);

        execution.Cancel();
        _run.Await(execution.Completion);
        Measure();
        Assert.Empty(_measured);
    }

    public void Dispose() => _listener.Dispose();

    private StreamExecutionEnvironment Job(Func<bool> fails)
    {
        var env = _run.Env(parallelism: 2);
        env.FromGenerator(n => n, 200, recordsPerSecond: 1).Parallelism(1).KeyBy(n => n % 7).Process(() => new Counter(fails)).Name("count").Discard();
        return env;
    }

    private void Measure()
    {
        _measured.Clear();
        _listener.RecordObservableInstruments();
    }

    private long ValueOf(string name) => Assert.Single(_measured, measured => measured.Name == $"millrace.job.{name}").Value;
}
