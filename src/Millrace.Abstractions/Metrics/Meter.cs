namespace Millrace.Metrics;

/// <summary>How often something happens per second: the rate of the last minute is published. Costs what a <see cref="Counter"/> costs; the rate is worked out when somebody asks for it.</summary>
/// <remarks>Written from inside the function that asked for it; asynchronous functions may write from any thread. Read by anybody.</remarks>
public sealed class Meter : Metric
{
    private Tally _tally;

    internal Meter(MetricId id)
        : base(id) => _tally = new Tally(id.IsShared);

    /// <summary>How often it has happened in this attempt.</summary>
    public long Count => _tally.Value;

    internal override MetricKind Kind => MetricKind.Meter;

    /// <summary>It has happened.</summary>
    public void Mark() => _tally.Add(1);

    /// <summary>It has happened so many times.</summary>
    /// <param name="count">How many times; not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public void Mark(long count) => _tally.Add(count);

    internal override MetricValue Read() => MetricValue.Of(Count);
}
