namespace Millrace.Metrics;

/// <summary>A number that a function publishes about itself: a <see cref="Counter"/>, <see cref="Gauge"/>, <see cref="Histogram"/> or <see cref="Meter"/> of a <see cref="MetricGroup"/>.</summary>
public abstract class Metric
{
    private protected Metric(MetricId id) => Id = id;

    /// <summary>The name with the names of its groups, for example <c>orders.rejected</c>.</summary>
    public string Name => Id.Name;

    /// <summary>The labels of its groups.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels => Id.Labels;

    internal MetricId Id { get; }

    internal abstract MetricKind Kind { get; }

    /// <summary>What it stands at; a histogram what was recorded in it.</summary>
    internal abstract MetricValue Read();

    /// <summary>The function is about to be closed: nothing of it may be asked any more.</summary>
    internal virtual void Freeze()
    {
    }
}
