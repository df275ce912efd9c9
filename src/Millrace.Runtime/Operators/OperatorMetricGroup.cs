using System.Text.RegularExpressions;
using Millrace.Metrics;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>Makes the metrics of an operator's functions, and has them published.</summary>
/// <param name="context">The operator's place in the job.</param>
/// <param name="isShared">Whether functions run on several threads.</param>
/// <param name="prefix">The names of the groups, each with a dot behind it.</param>
/// <param name="labels">The labels of the groups.</param>
internal sealed partial class OperatorMetricGroup(OperatorContext context, bool isShared, string prefix, KeyValuePair<string, string>[] labels) : MetricGroup
{
    // OpenTelemetry drops instruments whose names have more than 255 characters, or others than these.
    private const int LongestName = 200;

    public override Counter Counter(string name) => Register(new Counter(IdOf(name)));

    public override Gauge Gauge(string name) => Register(new Gauge(IdOf(name)));

    public override void Gauge(string name, Func<double> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var id = IdOf(name);
        int failures = 0;
        Register(new Gauge(id, read, error =>
        {
            if (Interlocked.Exchange(ref failures, 1) == 0)
            {
                Log.GaugeFailed(context.Logger, error, context.SubtaskName, id.Name);
            }
        }));
    }

    public override Histogram Histogram(string name) => Register(new Histogram(IdOf(name)));

    public override Meter Meter(string name) => Register(new Meter(IdOf(name)));

    public override MetricGroup Group(string name) => new OperatorMetricGroup(context, isShared, IdOf(name).Name + '.', labels);

    public override MetricGroup Group(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var id = IdOf(key);
        if (TaskInstruments.OperatorTags.Contains(key) || labels.Any(label => label.Key == key))
        {
            throw new ArgumentException($"The metrics of {context.OperatorName} have the tag '{key}' already, from the engine or an outer group. Give the group another key.", nameof(key));
        }

        return new OperatorMetricGroup(context, isShared, id.Name + '.', [.. labels, new(key, value)]);
    }

    private MetricId IdOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        string full = prefix + name;
        return Name().IsMatch(full) && full.Length <= LongestName ? new MetricId(full, labels, isShared) : throw new ArgumentException(
            $"'{full}' cannot be the name of a metric of {context.OperatorName}: OpenTelemetry would drop it. Use letters, digits and _ . - / alone, and at most {LongestName} characters with the groups; "
            + "what varies belongs into the value of a group with a key.",
            nameof(name));
    }

    private T Register<T>(T metric)
        where T : Metric
    {
        if (context.UserMetrics.TryAdd(metric))
        {
            JobInstruments.OfUsers.Publish(metric, context);
        }
        else
        {
            Log.MetricNameTaken(context.Logger, context.SubtaskName, metric.Name);
        }

        return metric;
    }

    [GeneratedRegex(@"^[A-Za-z0-9_.\-/]+\z")]
    private static partial Regex Name();
}
