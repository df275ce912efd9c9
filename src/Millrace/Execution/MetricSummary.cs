using Millrace.Metrics;

namespace Millrace;

/// <summary>A metric that functions have made, over all subtasks of an operator: values added up.</summary>
/// <remarks>
/// The values are those that were recorded, of a histogram; and what each subtask's metric stands at, of the others. So <see cref="Sum"/> is the total of a counter and of what a meter has counted.
/// </remarks>
/// <param name="Name">The name with the names of its groups, for example <c>orders.rejected</c>.</param>
/// <param name="Labels">The labels of its groups.</param>
/// <param name="Kind">What it measures.</param>
/// <param name="Count">How many values there are; 0 for a gauge that was not set.</param>
/// <param name="Sum">Their sum.</param>
/// <param name="Min">The least of them; 0 where there are none.</param>
/// <param name="Max">The greatest of them; 0 where there are none.</param>
/// <example><code>double rejected = client.GetMetrics()["validate"].UserMetrics.Single(metric =&gt; metric.Name == "rejected").Sum;</code></example>
public sealed record MetricSummary(string Name, IReadOnlyList<KeyValuePair<string, string>> Labels, MetricKind Kind, long Count, double Sum, double Min, double Max)
{
    internal static IReadOnlyList<MetricSummary> Of(IEnumerable<Metric> metrics)
    {
        List<(Metric First, MetricValue Value)> summed = [];
        foreach (var metric in metrics)
        {
            int at = summed.FindIndex(other => other.First.Id.Names(metric.Id) && other.First.Kind == metric.Kind);
            if (at < 0)
            {
                summed.Add((metric, metric.Read()));
            }
            else
            {
                summed[at] = (summed[at].First, summed[at].Value.Plus(metric.Read()));
            }
        }

        return [.. summed.Select(sum => new MetricSummary(sum.First.Name, sum.First.Labels, sum.First.Kind, sum.Value.Count, sum.Value.Sum, sum.Value.Min, sum.Value.Max))];
    }
}
