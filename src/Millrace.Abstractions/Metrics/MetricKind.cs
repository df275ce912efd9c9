namespace Millrace.Metrics;

/// <summary>What a metric measures.</summary>
public enum MetricKind
{
    /// <summary>How often something has happened.</summary>
    Counter,

    /// <summary>How much there is of something now.</summary>
    Gauge,

    /// <summary>How values are distributed.</summary>
    Histogram,

    /// <summary>How often something happens per second.</summary>
    Meter,
}
