using Distribution = System.Diagnostics.Metrics.Histogram<double>;

namespace Millrace.Metrics;

/// <summary>How values are distributed: each is handed to whoever listens, and sorted into buckets there. Costs a lock that nobody else wants, and no allocation.</summary>
/// <remarks>
/// Safe for use by several threads. Buckets, unlike the quantiles of Apache Flink's histograms, can be added up over subtasks; with OpenTelemetry a view sets them
/// (<c>ExplicitBucketHistogramConfiguration</c>).
/// </remarks>
public sealed class Histogram : Metric
{
    private readonly Lock _lock = new();
    private Distribution? _instrument;
    private KeyValuePair<string, object?>[] _tags = [];
    private MetricValue _recorded;

    internal Histogram(MetricId id)
        : base(id)
    {
    }

    /// <summary>How many values were recorded in this attempt.</summary>
    public long Count => Read().Count;

    internal override MetricKind Kind => MetricKind.Histogram;

    /// <summary>Records a value.</summary>
    /// <param name="value">The value; <see cref="double.NaN"/> is left out.</param>
    public void Record(double value)
    {
        if (double.IsNaN(value))
        {
            return;
        }

        lock (_lock)
        {
            _recorded = _recorded.Plus(MetricValue.Of(value));
        }

        _instrument?.Record(value, _tags);
    }

    /// <summary>Hands on what will be recorded. Called before the function has the histogram.</summary>
    internal void PublishTo(Distribution instrument, KeyValuePair<string, object?>[] tags) => (_instrument, _tags) = (instrument, tags);

    internal override MetricValue Read()
    {
        lock (_lock)
        {
            return _recorded;
        }
    }
}
