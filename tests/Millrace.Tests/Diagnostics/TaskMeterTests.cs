using System.Diagnostics.Metrics;
using Millrace.Runtime.Diagnostics;
using Millrace.Tests.Checkpointing;

namespace Millrace.Tests.Diagnostics;

/// <summary>What the tasks and operators of a job publish, by subtask.</summary>
public sealed class TaskMeterTests : IDisposable
{
    private readonly VirtualRun _run = new();
    private readonly string _job = $"tasks {Guid.NewGuid():N}";
    private readonly MeterListener _listener = new();
    private readonly List<(string Name, double Value, Dictionary<string, object?> Tags)> _measured = [];

    public TaskMeterTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // What users make is published by other tests, at the same time: one of them counts what recording allocates.
            if (instrument.Meter.Name == "Millrace" && !instrument.Name.StartsWith("millrace.user.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }

    [Fact]
    public void Records_AreCountedByOperatorAndTask()
    {
        StartJob(recordsPerSecond: 20);
        _run.RunTo(30.02);
        Measure();
        long read = (long)Of("operator.numRecordsOut", "numbers")[0].Value;
        Assert.InRange(read, 590, 605);
        Assert.Equal(read, Of("operator.numRecordsIn", "evens")[0].Value);
        Assert.Equal(0, Of("operator.numRecordsIn", "numbers")[0].Value);
        Assert.InRange(Of("operator.numRecordsOut", "evens")[0].Value, (read / 2) - 1, (read / 2) + 1);
        var sinks = Of("operator.numRecordsIn", "sum");
        Assert.Equal([0, 1], sinks.Select(sink => (int)sink.Tags["subtask_index"]!).Order());
        Assert.InRange(sinks.Sum(sink => sink.Value), (read / 2) - 3, (read / 2) + 1);
        Assert.InRange(Of("operator.numRecordsOutPerSecond", "numbers")[0].Value, 19.5, 20.5);
        Assert.InRange(Of("operator.numRecordsInPerSecond", "evens")[0].Value, 19.5, 20.5);

        // A task takes in what its first operator does, and gives out what its last one does.
        var task = Assert.Single(_measured, measured => measured.Name == "millrace.task.numRecordsOut" && measured.Tags["task_name"] is "numbers → evens");
        Assert.Equal(Of("operator.numRecordsOut", "evens")[0].Value, task.Value);
        Assert.InRange(_measured.Single(measured => measured.Name == "millrace.task.numRecordsOutPerSecond" && measured.Tags["task_name"] is "numbers → evens").Value, 9.5, 10.5);
        Assert.All(sinks, sink => Assert.Equal((_job, _run.Execution.JobId, "sum-uid"), (sink.Tags["job"], sink.Tags["job_id"], sink.Tags["operator_id"])));
        Assert.All(_measured.Where(measured => measured.Name.EndsWith("numLateRecordsDropped", StringComparison.Ordinal) || measured.Name.EndsWith("numRecordsSkipped", StringComparison.Ordinal)), measured => Assert.Equal(0, measured.Value));
    }

    [Fact]
    public void Backlog_IsThatOfSourcesAlone_AndOfTheJob()
    {
        var env = _run.Env(parallelism: 2);
        env.FromGenerator(n => n, 1_000, 10).Name("paced").Parallelism(1).Discard();
        env.FromCollection(Enumerable.Range(0, 7)).Name("numbers").Map(n => n).Name("same").Discard();
        _run.Start(env, _job);
        JobInstruments.Register(_run.Execution);
        _run.RunTo(5);
        Measure();
        Assert.InRange(Of("operator.pendingRecords", "paced")[0].Value, 0, 10);
        Assert.Equal(0, Of("operator.pendingRecords", "numbers")[0].Value);
        Assert.Empty(Of("operator.pendingRecords", "same"));
        Assert.Empty(Of("operator.pendingBytes", "paced"));
        Assert.InRange(Assert.Single(_measured, measured => measured.Name == "millrace.job.pendingRecords").Value, 0, 10);
    }

    [Fact]
    public void Rates_FollowTheLastMinute()
    {
        StartJob(recordsPerSecond: 20, limit: 600);
        for (int second = 1; second <= 30; second++)
        {
            _run.RunTo(second);
            Measure();
        }

        Assert.InRange(Of("operator.numRecordsOutPerSecond", "evens")[0].Value, 9.5, 10.5);
        for (int second = 31; second <= 60; second++)
        {
            _run.RunTo(second);
            Measure();
        }

        // Nothing passed the filter in the second half minute.
        Assert.InRange(Of("operator.numRecordsOutPerSecond", "evens")[0].Value, 4.5, 5.5);
        Assert.InRange(Of("operator.numRecordsInPerSecond", "evens")[0].Value, 19.5, 20.5);
    }

    [Fact]
    public void Watermarks_AreThoseThatCameAndWent_AndNoneBeforeTheFirst()
    {
        StartJob(recordsPerSecond: 20);
        Measure();
        Assert.Empty(Of("operator.currentOutputWatermark", "sum"));
        _run.RunTo(10.5);
        Measure();
        double watermark = Of("operator.currentOutputWatermark", "numbers")[0].Value;
        Assert.InRange(watermark, 150, 215);
        Assert.Empty(Of("operator.currentInputWatermark", "numbers"));
        Assert.All(Of("operator.currentInputWatermark", "sum"), measured => Assert.InRange(measured.Value, 140, watermark));
        Assert.Equal(Of("operator.currentInputWatermark", "sum").Select(measured => measured.Value), Of("operator.currentOutputWatermark", "sum").Select(measured => measured.Value));
    }

    [Fact]
    public void Time_OfATask_IsDividedIntoThree()
    {
        StartJob(recordsPerSecond: 20);
        _run.RunTo(20);
        Measure();
        foreach (var task in _measured.Where(measured => measured.Name == "millrace.task.busyTimeMsPerSecond"))
        {
            double idle = Rate("idleTimeMsPerSecond"), backpressured = Rate("backPressuredTimeMsPerSecond");
            Assert.InRange(task.Value + idle + backpressured, 995, 1_005);
            Assert.InRange(idle, 900, 1_005);
            Assert.Equal(0, Rate("isBackPressured"));

            double Rate(string name) => _measured.Single(measured =>
                measured.Name == $"millrace.task.{name}" && Equals(measured.Tags["task_name"], task.Tags["task_name"]) && Equals(measured.Tags["subtask_index"], task.Tags["subtask_index"])).Value;
        }

        Assert.Equal(3, _measured.Count(measured => measured.Name == "millrace.task.busyTimeMsPerSecond"));
    }

    public void Dispose() => _listener.Dispose();

    private void StartJob(double recordsPerSecond, long limit = long.MaxValue)
    {
        var env = _run.Env(parallelism: 2);
        env.FromGenerator(n => n, 100_000, recordsPerSecond, WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(n => n)).Name("numbers").Parallelism(1)
            .Filter(n => n % 2 == 0 && n < limit).Name("evens").Parallelism(1)
            .KeyBy(n => n % 7).Reduce((one, other) => one + other).Name("sum").Uid("sum-uid").Discard();
        _run.Start(env, _job);
        JobInstruments.Register(_run.Execution);
    }

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var named = new Dictionary<string, object?>(tags.ToArray());
        if (Equals(named["job"], _job))
        {
            _measured.Add((instrument.Name, value, named));
        }
    }

    private void Measure()
    {
        _measured.Clear();
        _listener.RecordObservableInstruments();
    }

    private List<(string Name, double Value, Dictionary<string, object?> Tags)> Of(string name, string op) =>
        [.. _measured.Where(measured => measured.Name == $"millrace.{name}" && Equals(measured.Tags["operator_name"], op)).OrderBy(measured => (int)measured.Tags["subtask_index"]!)];
}
