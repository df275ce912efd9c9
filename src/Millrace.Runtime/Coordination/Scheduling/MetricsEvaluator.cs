namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Turns measurements into what tasks can do and should be able to do. Pure.</summary>
/// <remarks>
/// The model is that of Kalavri et al., "Three steps is all you need" (OSDI 2018): what a task took in, divided by the part of the time that it worked, is what it can take in; and what it is to take in follows from the
/// sources along the graph. So all tasks are set right in one step, not one bottleneck after another.
/// </remarks>
internal static class MetricsEvaluator
{
    /// <param name="options">Thresholds.</param>
    /// <param name="topology">The job.</param>
    /// <param name="window">Samples of the same parallelism, in order; two at least.</param>
    /// <returns>By the place of the task; and whether the job works off a backlog.</returns>
    public static (IReadOnlyList<VertexEvaluation> Vertices, bool IsBacklog) Evaluate(AutoscalerOptions options, ScalingTopology topology, IReadOnlyList<MetricsSample> window)
    {
        bool isBacklog = Places(topology).Any(place => topology.Vertices[place].IsSource && LagSeconds(window, place) > options.BacklogLagThreshold.TotalSeconds);
        double upper = options.Upper(Places(topology).All(place => !topology.Vertices[place].IsSource || window.All(sample => sample.Vertices[place].Pending is not null)));
        var vertices = new List<VertexEvaluation>();
        foreach (int place in Places(topology))
        {
            double target = 0;
            double catchUp = 0;
            if (topology.Vertices[place].IsSource)
            {
                target = Math.Max(0, Average(window, place, metrics => metrics.RecordsIn) + LagGrowth(window, place));
                catchUp = options.CatchUpDuration > TimeSpan.Zero ? (window[^1].Vertices[place].Pending ?? 0) / options.CatchUpDuration.TotalSeconds : 0;
            }

            for (int edge = 0; edge < topology.Edges.Count; edge++)
            {
                if (topology.Edges[edge].Target == place)
                {
                    double ratio = OutputRatio(topology, window, edge);
                    target += vertices[topology.Edges[edge].Source].TargetRate * ratio;
                    catchUp += vertices[topology.Edges[edge].Source].CatchUpRate * ratio;
                }
            }

            double input = Average(window, place, metrics => metrics.RecordsIn);
            double load = Average(window, place, metrics => metrics.Busy) / 1000;
            var (rate, isObserved) = TrueRate(options, topology.Vertices[place], window, place, input, load);
            vertices.Add(new VertexEvaluation(
                input,
                load,
                rate,
                isObserved,
                target,
                catchUp,
                Capacity(options, target, catchUp, isBacklog ? 1 : upper, false),
                Capacity(options, target, catchUp, isBacklog ? 0 : options.Lower, true),
                Capacity(options, target, catchUp, options.UtilizationTarget, true)));
        }

        return (vertices, isBacklog);
    }

    /// <summary>The true rate that is needed to take in what comes at a utilization, and to catch up in time with what is pending and with what piles up during a restart.</summary>
    private static double Capacity(AutoscalerOptions options, double target, double catchUp, double utilization, bool withRestart)
    {
        // Of nothing every part is enough: so a backlog, of which no part is too little, stops all scaling down.
        if (utilization <= 0)
        {
            return double.PositiveInfinity;
        }

        double restart = withRestart && options.CatchUpDuration > TimeSpan.Zero ? target * (options.RestartTime / options.CatchUpDuration) : 0;
        return catchUp + restart + (target / utilization);
    }

    private static (double Rate, bool IsObserved) TrueRate(AutoscalerOptions options, ScalingVertex vertex, IReadOnlyList<MetricsSample> window, int place, double input, double load)
    {
        double byBusyTime = input <= 0 || load <= 0 ? double.PositiveInfinity : input / load;
        if (!vertex.IsSource)
        {
            return (byBusyTime, false);
        }

        // A source that has a backlog reads all that it can while nobody holds it back: that counts more than busy time, which may not see what a client's threads do.
        List<double> observed = [.. window.Select(sample => sample.Vertices[place])
            .Where(metrics => metrics.RecordsIn > 0 && metrics.Backpressured < 1000 && metrics.Pending / metrics.RecordsIn > options.ObservedRateLagThreshold.TotalSeconds)
            .Select(metrics => metrics.RecordsIn * 1000 / (1000 - metrics.Backpressured))];
        if (observed.Count < options.ObservedRateMinObservations)
        {
            return (byBusyTime, false);
        }

        double average = observed.Average();
        return byBusyTime > average * (1 + options.ObservedRateSwitchThreshold) ? (average, true) : (byBusyTime, false);
    }

    /// <summary>How many records a stream carries for each that its producer takes in.</summary>
    private static double OutputRatio(ScalingTopology topology, IReadOnlyList<MetricsSample> window, int edge)
    {
        var (source, target, _) = topology.Edges[edge];
        double input = Average(window, source, metrics => metrics.RecordsIn);
        if (input <= 0)
        {
            return 0;
        }

        // What the only stream into a task brings is what the task takes in, however often its producer sends the same record elsewhere too.
        double carried = window.All(sample => sample.Edges is not null) ? window.Average(sample => sample.Edges![edge])
            : topology.Edges.Count(other => other.Target == target) == 1 ? Average(window, target, metrics => metrics.RecordsIn)
            : Average(window, source, metrics => metrics.RecordsOut) / topology.Edges.Count(other => other.Source == source);
        return carried / input;
    }

    private static double LagSeconds(IReadOnlyList<MetricsSample> window, int place)
    {
        double pending = window[^1].Vertices[place].Pending ?? 0;
        return pending <= 0 ? 0 : pending / Average(window, place, metrics => metrics.RecordsIn);
    }

    /// <summary>By how many records the backlog grows in a second.</summary>
    private static double LagGrowth(IReadOnlyList<MetricsSample> window, int place)
    {
        List<MetricsSample> known = [.. window.Where(sample => sample.Vertices[place].Pending is not null)];
        return known.Count < 2 || known[^1].Time == known[0].Time ? 0
            : (known[^1].Vertices[place].Pending!.Value - known[0].Vertices[place].Pending!.Value) * 1000 / (known[^1].Time - known[0].Time);
    }

    private static double Average(IReadOnlyList<MetricsSample> window, int place, Func<VertexMetrics, double> metric) => window.Average(sample => metric(sample.Vertices[place]));

    private static IEnumerable<int> Places(ScalingTopology topology) => Enumerable.Range(0, topology.Vertices.Count);
}
