namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>
/// Decides how many subtasks each task of a job should have: measurements in, decisions with their explanations out. No I/O, no clock, no thread. Times are milliseconds since 1970-01-01 UTC.
/// </summary>
/// <remarks>
/// <para>The algorithm is that of the autoscaler of Flink's Kubernetes operator, which follows Kalavri et al. (OSDI 2018).</para>
/// <para>
/// Invariants: nothing is decided from measurements of another parallelism, or of the time right after a start; no task gets more subtasks than it can have; all changes of a decision are made, or none.
/// </para>
/// </remarks>
internal sealed class Autoscaler
{
    // Decisions are made at every sample; those kept are for people.
    private const int MaxDecisions = 50;

    private readonly AutoscalerOptions _options;
    private readonly ScalingTopology _topology;
    private readonly List<VertexScaler> _scalers;
    private readonly List<MetricsSample> _window = [];
    private readonly List<ScalingDecision> _applied = [];
    private IReadOnlyList<int>? _parallelism;
    private long _runningSince;
    private long? _collectingSince;

    public Autoscaler(AutoscalerOptions options, ScalingTopology topology)
    {
        _options = options;
        _topology = topology;
        _scalers = [.. topology.Vertices.Select((vertex, place) => new VertexScaler(options, vertex, place))];
    }

    /// <summary>The decisions that were applied, the oldest first.</summary>
    public IReadOnlyList<ScalingDecision> History => _applied;

    /// <summary>The last decision; null before the first.</summary>
    public ScalingDecision? Last { get; private set; }

    /// <summary>Whether nothing is decided until it is told that the job runs.</summary>
    public bool IsStopped => _runningSince == long.MaxValue;

    /// <summary>The steps of a task that are remembered.</summary>
    public IReadOnlyList<ScalingStep> StepsOf(int vertex) => _scalers[vertex].Steps;

    /// <summary>The job runs, for the first time or again.</summary>
    /// <param name="parallelism">Of each task.</param>
    /// <param name="now">The time.</param>
    public void Running(IReadOnlyList<int> parallelism, long now)
    {
        // A restart after a failure says nothing about load: what was proposed for this parallelism still holds.
        if (_parallelism is null || !_parallelism.SequenceEqual(parallelism))
        {
            _scalers.ForEach(scaler => scaler.Restarted());
        }

        _parallelism = parallelism;
        _runningSince = now;
        _window.Clear();
        _collectingSince = null;
    }

    /// <summary>The job does not run: measurements are not its own.</summary>
    public void Stopped()
    {
        _window.Clear();
        _collectingSince = null;
        _runningSince = long.MaxValue;
    }

    /// <param name="sample">The newest measurements. Their times grow.</param>
    /// <param name="slots">How many slots the job can have, where that is limited.</param>
    /// <returns>Null while too little was measured.</returns>
    public ScalingDecision? Sampled(MetricsSample sample, int? slots = null)
    {
        long now = sample.Time;
        if (!_options.Enabled || _parallelism is null || _runningSince == long.MaxValue || now < _runningSince + SchedulerOptions.Milliseconds(_options.StabilizationInterval))
        {
            return null;
        }

        long window = SchedulerOptions.Milliseconds(_options.MetricsWindow);
        _collectingSince ??= now;
        _window.Add(sample);
        _window.RemoveAll(old => old.Time < now - window);
        if (now < _collectingSince + window || _window.Count < 2)
        {
            return null;
        }

        var (evaluations, isBacklog) = MetricsEvaluator.Evaluate(_options, _topology, _window);
        List<VertexScaling> vertices = [.. _scalers.Select((scaler, place) => scaler.Compute(evaluations[place], _parallelism[place], now))];
        KeepForwardTogether(vertices);
        var decision = Decide(vertices, isBacklog, slots, now);
        Last = decision;
        if (decision.IsApplied)
        {
            foreach (var vertex in decision.Vertices)
            {
                _scalers[vertex.Vertex].Made(vertex, now);
            }

            _applied.Add(decision);
            if (_applied.Count > MaxDecisions)
            {
                _applied.RemoveAt(0);
            }

            // Until it runs again nothing more is decided.
            Stopped();
        }

        return decision;
    }

    private ScalingDecision Decide(List<VertexScaling> vertices, bool isBacklog, int? slots, long now)
    {
        List<VertexScaling> changes = [.. vertices.Where(vertex => vertex.IsChange)];
        int present = _topology.DemandOf(_parallelism!).Slots;
        string backlog = isBacklog ? " The job works off a backlog: tasks may be busy all the time, and none is scaled down for having too much." : "";
        if (changes.Count == 0)
        {
            return new ScalingDecision(now, false, vertices, $"Nothing changes: every task has the parallelism that it needs, or is blocked.{backlog}") { WantedSlots = present };
        }

        string what = string.Join(", ", changes.Select(vertex => $"'{vertex.Name}' {Text.Number(vertex.Current)} → {Text.Number(vertex.Target)}"));
        if (changes.All(vertex => !vertex.IsOutside))
        {
            return new ScalingDecision(now, false, vertices, $"Nothing changes, because every task is within its bounds; by the target it would be {what}.{backlog}") { WantedSlots = present };
        }

        var demand = _topology.DemandOf([.. vertices.Select(vertex => vertex.Target)]);
        if (demand.Slots > slots && demand.Slots > present)
        {
            return new ScalingDecision(now, false, vertices, $"Nothing changes, because {what} needs {demand} and there are {Text.Number(slots.Value)}. Start more workers.{backlog}")
            {
                WantedSlots = _options.ScalingEnabled ? demand.Slots : present,
            };
        }

        return _options.ScalingEnabled
            ? new ScalingDecision(now, true, vertices, $"The job is rescaled: {what}.{backlog}") { WantedSlots = demand.Slots }
            : new ScalingDecision(now, false, vertices, $"Nothing changes, because {nameof(AutoscalerOptions.ScalingEnabled)} is false; it would be {what}.{backlog}") { WantedSlots = present };
    }

    /// <summary>A stream that leads from each subtask to one needs as many on both sides: the most that one of them needs, as far as all can have it.</summary>
    private void KeepForwardTogether(List<VertexScaling> vertices)
    {
        foreach (var group in _topology.ForwardGroups())
        {
            var most = group.Select(place => vertices[place]).MaxBy(vertex => vertex.Target)!;
            var excluded = group.Where(place => _topology.Vertices[place].IsExcluded).Select(place => vertices[place]).FirstOrDefault();
            int target = excluded?.Current ?? Math.Min(most.Target, group.Min(place => _topology.Vertices[place].MaxParallelism));
            string because = excluded is not null ? $"'{excluded.Name}' has" : $"'{most.Name}' needs";
            foreach (var vertex in group.Select(place => vertices[place]).Where(vertex => vertex.Target != target).ToList())
            {
                vertices[vertex.Vertex] = vertex with
                {
                    Target = target,
                    Explanation = $"{vertex.Explanation} But it gets {Text.Number(target)}, because of what {because}: forward streams connect them.",
                };
            }
        }
    }
}
