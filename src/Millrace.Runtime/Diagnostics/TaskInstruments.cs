using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Diagnostics;

/// <summary>
/// What the tasks and operators of the jobs of this process publish, by subtask. All are asked for, and made of the counters that the subtasks keep anyway. A rate is that of the last minute
/// (<see cref="RateWindow"/>).
/// </summary>
/// <param name="meter">The meter.</param>
/// <param name="running">What runs in this process, with the tags of its jobs.</param>
internal sealed class TaskInstruments(Meter meter, Func<IEnumerable<KeyValuePair<IRunningSubtasks, KeyValuePair<string, object?>[]>>> running)
{
    // By what is counted: an attempt of a subtask has counters of its own, and its windows go with them.
    private readonly ConditionalWeakTable<object, SubtaskRates> _rates = [];

    /// <summary>The tags that all metrics of operators have.</summary>
    public static readonly FrozenSet<string> OperatorTags = ["job", "job_id", "task_name", "subtask_index", "operator_name", "operator_id"];

    public static KeyValuePair<string, object?>[] TagsOf(KeyValuePair<string, object?>[] job, string taskName, int subtaskIndex) => [.. job, new("task_name", taskName), new("subtask_index", subtaskIndex)];

    public static KeyValuePair<string, object?>[] TagsOf(KeyValuePair<string, object?>[] task, OperatorContext op) =>
        [.. task, new("operator_name", op.OperatorName), new("operator_id", op.OperatorUid)];

    /// <summary>How fast a count of an operator has grown in the last minute.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="counted">What is counted, in this attempt.</param>
    /// <param name="count">The count.</param>
    public double PerSecond(RunningOperator op, object counted, double count) => PerSecond(op, RatesOf(counted).In, count);

    public void Create()
    {
        OfTask("numRecordsIn", "{record}", "Records that came into the task.", static subtask => Head(subtask)?.RecordsIn);
        OfTask("numRecordsOut", "{record}", "Records that left the task, without side outputs.", static subtask => Tail(subtask)?.RecordsOut);
        TaskRate("numRecordsInPerSecond", "{record}/s", "Records that came into the task, per second.", static rates => rates.In, static subtask => Head(subtask)?.RecordsIn);
        TaskRate("numRecordsOutPerSecond", "{record}/s", "Records that left the task, per second.", static rates => rates.Out, static subtask => Tail(subtask)?.RecordsOut);
        TaskRate("busyTimeMsPerSecond", "ms/s", "How long of each second the task worked.", static rates => rates.Busy, static subtask => Spent(subtask, TimeUse.Busy));
        TaskRate("idleTimeMsPerSecond", "ms/s", "How long of each second the task waited for input.", static rates => rates.Idle, static subtask => Spent(subtask, TimeUse.Idle));
        TaskRate(
            "backPressuredTimeMsPerSecond",
            "ms/s",
            "How long of each second the task waited for somebody to take its output.",
            static rates => rates.Backpressured,
            static subtask => Spent(subtask, TimeUse.Backpressured));
        meter.CreateObservableGauge(
            "millrace.task.isBackPressured", () => OfTasks(static subtask => subtask.Pressure.IsBlocked ? 1 : 0), null, "1 while the task waits for somebody to take its output, 0 while it does not.");

        OfOperator("numRecordsIn", "{record}", "Records that came into the operator; 0 for a source.", static metrics => metrics.RecordsIn);
        OfOperator("numRecordsOut", "{record}", "Records that the operator emitted, without side outputs.", static metrics => metrics.RecordsOut);
        OperatorRate("numRecordsInPerSecond", "{record}/s", "Records that came into the operator, per second.", static rates => rates.In, static metrics => metrics.RecordsIn);
        OperatorRate("numRecordsOutPerSecond", "{record}/s", "Records that the operator emitted, per second.", static rates => rates.Out, static metrics => metrics.RecordsOut);
        OfOperator("numLateRecordsDropped", "{record}", "Records that came too late for any window and were dropped.", static metrics => metrics.LateRecordsDropped);
        OfOperator("numRecordsInErrors", "{record}", "Records that user code threw on and that were skipped or became dead letters, and malformed records of a source.", static metrics => metrics.RecordsInErrors);
        OfOperator("numRecordsSkipped", "{record}", "Malformed records that a source skipped.", static metrics => metrics.RecordsSkipped);
        SourceGauge("pendingRecords", "{record}", "Records that the splits of the source's reader hold and that are not read yet; not there where it does not know.", static metrics => metrics.PendingRecords);
        SourceGauge("pendingBytes", "By", "How many bytes those are.", static metrics => metrics.PendingBytes);
        OperatorGauge("currentInputWatermark", "The watermark that has come in last; not there before the first, nor for a source.", static op => op.Context.Metrics.InputWatermark);
        OperatorGauge("currentOutputWatermark", "The watermark that was handed on last; not there before the first.", static op => op.Context.Metrics.Watermark);
    }

    private static OperatorMetrics? Head(Subtask subtask) => subtask.Operators is [var first, ..] ? first.Context.Metrics : null;

    private static OperatorMetrics? Tail(Subtask subtask) => subtask.Operators is [.., var last] ? last.Context.Metrics : null;

    private static double Spent(Subtask subtask, TimeUse use) => subtask.Time.Spent(use).TotalMilliseconds;

    private void OfTask(string name, string unit, string description, Func<Subtask, long?> value) =>
        meter.CreateObservableCounter($"millrace.task.{name}", () => OfTasks(value), unit, description);

    private void TaskRate(string name, string unit, string description, Func<SubtaskRates, RateWindow> window, Func<Subtask, double?> value) => meter.CreateObservableGauge(
        $"millrace.task.{name}",
        () => Tasks().Select(task => value(task.Subtask) is { } now ? Measure(window(RatesOf(task.Subtask)).PerSecond(task.Job.Now, BeganAt(task.Job, task.Subtask), now), task.Tags) : null)
            .OfType<Measurement<double>>(),
        unit,
        description);

    private void OfOperator(string name, string unit, string description, Func<OperatorMetrics, long> value) => meter.CreateObservableCounter(
        $"millrace.operator.{name}", () => Operators().Select(op => new Measurement<long>(value(op.Operator.Context.Metrics), op.Tags)), unit, description);

    private void OperatorRate(string name, string unit, string description, Func<SubtaskRates, RateWindow> window, Func<OperatorMetrics, long> value) => meter.CreateObservableGauge(
        $"millrace.operator.{name}",
        () => Operators().Select(op => new Measurement<double>(PerSecond(op, window(RatesOf(op.Operator.Context.Metrics)), value(op.Operator.Context.Metrics)), op.Tags)),
        unit,
        description);

    // Before the first watermark there is none: the smallest number would be 292 million years of lag on a dashboard.
    private void OperatorGauge(string name, string description, Func<StreamOperator, long> value) => meter.CreateObservableGauge(
        $"millrace.operator.{name}",
        () => Operators().Select(op => (Value: value(op.Operator), op.Tags)).Where(measured => measured.Value != EventTime.MinWatermark).Select(measured => new Measurement<long>(measured.Value, measured.Tags)),
        "ms",
        description);

    private void SourceGauge(string name, string unit, string description, Func<OperatorMetrics, long?> value) => meter.CreateObservableGauge(
        $"millrace.operator.{name}",
        () => Operators().Select(op => (Value: value(op.Operator.Context.Metrics), op.Tags)).Where(measured => measured.Value is not null).Select(measured => new Measurement<long>(measured.Value!.Value, measured.Tags)),
        unit,
        description);

    private static Measurement<double>? Measure(double value, KeyValuePair<string, object?>[] tags) => new Measurement<double>(value, tags);

    private static long BeganAt(IRunningSubtasks job, Subtask subtask) =>
        job.Now - (long)(Spent(subtask, TimeUse.Busy) + Spent(subtask, TimeUse.Idle) + Spent(subtask, TimeUse.Backpressured));

    private SubtaskRates RatesOf(object counted) => _rates.GetValue(counted, static _ => new SubtaskRates());

    private IEnumerable<Measurement<long>> OfTasks(Func<Subtask, long?> value) =>
        Tasks().Select(task => (Value: value(task.Subtask), task.Tags)).Where(measured => measured.Value is not null).Select(measured => new Measurement<long>(measured.Value!.Value, measured.Tags));

    private IEnumerable<(IRunningSubtasks Job, Subtask Subtask, JobVertex Vertex, KeyValuePair<string, object?>[] Tags)> Tasks()
    {
        foreach (var (job, tags) in running())
        {
            foreach (var (id, subtask) in job.Subtasks)
            {
                var vertex = job.Job.Vertices[id.Vertex];
                yield return (job, subtask, vertex, TagsOf(tags, vertex.Name, id.Index));
            }
        }
    }

    /// <summary>The operators of the subtasks of the latest attempts.</summary>
    public IEnumerable<RunningOperator> Operators()
    {
        foreach (var (job, subtask, _, tags) in Tasks())
        {
            foreach (var op in subtask.Operators)
            {
                yield return new RunningOperator(job, subtask, op, TagsOf(tags, op.Context));
            }
        }
    }

    private static double PerSecond(RunningOperator op, RateWindow window, double count) => window.PerSecond(op.Job.Now, BeganAt(op.Job, op.Subtask), count);

    /// <summary>An operator of a subtask, with the tags of its metrics.</summary>
    internal sealed record RunningOperator(IRunningSubtasks Job, Subtask Subtask, StreamOperator Operator, KeyValuePair<string, object?>[] Tags);

    private sealed class SubtaskRates
    {
        public RateWindow In { get; } = new();

        public RateWindow Out { get; } = new();

        public RateWindow Busy { get; } = new();

        public RateWindow Idle { get; } = new();

        public RateWindow Backpressured { get; } = new();
    }
}
