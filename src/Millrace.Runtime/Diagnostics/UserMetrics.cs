using Millrace.Metrics;

namespace Millrace.Runtime.Diagnostics;

/// <summary>The metrics that the functions of one operator have made, in one attempt of one subtask. Safe for use by several threads.</summary>
internal sealed class UserMetrics
{
    private readonly Lock _lock = new();
    private volatile Metric[] _metrics = [];
    private volatile bool _hasEnded;

    /// <summary>All of them, also when the subtask has ended: they stand then where they stood in the end.</summary>
    public IReadOnlyList<Metric> All => _metrics;

    /// <summary>Those to be published: none when the subtask has ended.</summary>
    public IReadOnlyList<Metric> Published => _hasEnded ? [] : _metrics;

    /// <summary>Says whether the name was free.</summary>
    public bool TryAdd(Metric metric)
    {
        lock (_lock)
        {
            if (_metrics.Any(other => other.Id.Names(metric.Id)))
            {
                return false;
            }

            _metrics = [.. _metrics, metric];
            return true;
        }
    }

    /// <summary>Called before the functions are closed: gauges would ask them afterwards.</summary>
    public void End()
    {
        _hasEnded = true;
        foreach (var metric in _metrics)
        {
            metric.Freeze();
        }
    }
}
