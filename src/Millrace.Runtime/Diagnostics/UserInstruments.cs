using System.Diagnostics.Metrics;
using Millrace.Metrics;
using Millrace.Runtime.Tasks;
using Meter = System.Diagnostics.Metrics.Meter;

namespace Millrace.Runtime.Diagnostics;

/// <summary>
/// Publishes the metrics of functions. An instrument is made when a name is first used in the process, and shared by all subtasks and jobs that use it; where none is left that runs, it has no measurements.
/// </summary>
/// <param name="meter">The meter.</param>
/// <param name="tasks">The operators that run, with their tags.</param>
internal sealed class UserInstruments(Meter meter, TaskInstruments tasks)
{
    private const string Prefix = "millrace.user.";

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, MetricKind Kind), Instrument> _made = [];

    public void Publish(Metric metric, OperatorContext context)
    {
        var instrument = InstrumentOf(metric.Name, metric.Kind);
        if (metric is Histogram histogram)
        {
            KeyValuePair<string, object?>[] job = [new("job", context.JobName), new("job_id", context.JobId)];
            histogram.PublishTo((Histogram<double>)instrument, WithLabels(TaskInstruments.TagsOf(TaskInstruments.TagsOf(job, context.TaskName, context.SubtaskIndex), context), metric));
        }
    }

    private Instrument InstrumentOf(string name, MetricKind kind)
    {
        lock (_lock)
        {
            if (!_made.TryGetValue((name, kind), out var instrument))
            {
                _made.Add((name, kind), instrument = Create(name, kind));
            }

            return instrument;
        }
    }

    private Instrument Create(string name, MetricKind kind) => kind switch
    {
        MetricKind.Counter => meter.CreateObservableCounter(
            Prefix + name, () => Of<Counter>(name).Select(found => new Measurement<long>(found.Metric.Value, WithLabels(found.Operator.Tags, found.Metric)))),
        MetricKind.Gauge => meter.CreateObservableGauge(
            Prefix + name,
            () => Of<Gauge>(name).Select(found => (found.Metric.Value, Tags: WithLabels(found.Operator.Tags, found.Metric))).Where(measured => !double.IsNaN(measured.Value))
                .Select(measured => new Measurement<double>(measured.Value, measured.Tags))),
        MetricKind.Meter => meter.CreateObservableGauge(
            Prefix + name,
            () => Of<Millrace.Metrics.Meter>(name).Select(found => new Measurement<double>(
                tasks.PerSecond(found.Operator, found.Metric, found.Metric.Count), WithLabels(found.Operator.Tags, found.Metric)))),
        _ => meter.CreateHistogram<double>(Prefix + name),
    };

    private IEnumerable<(T Metric, TaskInstruments.RunningOperator Operator)> Of<T>(string name)
        where T : Metric =>
        tasks.Operators().SelectMany(op => op.Operator.Context.UserMetrics.Published.OfType<T>().Where(metric => metric.Name == name).Select(metric => (metric, op)));

    private static KeyValuePair<string, object?>[] WithLabels(KeyValuePair<string, object?>[] tags, Metric metric) =>
        [.. tags, .. metric.Labels.Select(label => new KeyValuePair<string, object?>(label.Key, label.Value))];
}
