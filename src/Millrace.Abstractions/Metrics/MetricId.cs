namespace Millrace.Metrics;

/// <summary>What tells a metric from the others of its operator.</summary>
/// <param name="Name">The name with the names of its groups.</param>
/// <param name="Labels">The labels of its groups.</param>
/// <param name="IsShared">Whether several threads may write at a time.</param>
internal sealed record MetricId(string Name, IReadOnlyList<KeyValuePair<string, string>> Labels, bool IsShared)
{
    public bool Names(MetricId other) => Name == other.Name && Labels.SequenceEqual(other.Labels);
}

/// <summary>Values of a metric, added up; none have <see cref="Count"/> 0.</summary>
internal readonly record struct MetricValue(long Count, double Sum, double Min, double Max)
{
    public static MetricValue Of(double value) => new(1, value, value, value);

    public MetricValue Plus(in MetricValue other) => Count == 0 ? other : other.Count == 0 ? this
        : new(Count + other.Count, Sum + other.Sum, Math.Min(Min, other.Min), Math.Max(Max, other.Max));
}
