namespace Millrace.Metrics;

/// <summary>How often something has happened in one subtask, since its present attempt began. Costs no lock and no allocation.</summary>
/// <remarks>Written from inside the function that asked for it; asynchronous functions may write from any thread. Read by anybody. What goes up and down is a <see cref="Gauge"/>.</remarks>
public sealed class Counter : Metric
{
    private Tally _tally;

    internal Counter(MetricId id)
        : base(id) => _tally = new Tally(id.IsShared);

    /// <summary>How often so far.</summary>
    public long Value => _tally.Value;

    internal override MetricKind Kind => MetricKind.Counter;

    /// <summary>Once more.</summary>
    public void Increment() => _tally.Add(1);

    /// <summary>So many times more.</summary>
    /// <param name="count">How many times; not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public void Increment(long count) => _tally.Add(count);

    internal override MetricValue Read() => MetricValue.Of(Value);
}
