using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

/// <summary>A task of the model.</summary>
/// <param name="Capacity">What one subtask can take in, in records a second.</param>
/// <param name="Selectivity">How many records it sends for each that it takes in.</param>
/// <param name="Groups">Key groups, where records are dealt out by key.</param>
/// <param name="HottestShare">The part of all records that one subtask gets at least, however many there are.</param>
internal sealed record ModelVertex(double Capacity, double Selectivity = 1, int? Groups = null, double HottestShare = 0);

/// <summary>A chain of tasks with known capacities behind a queue: what an autoscaler would measure, minute by minute, and what its decisions do.</summary>
internal sealed class PipelineModel
{
    private const long Step = 60_000;

    private readonly IReadOnlyList<ModelVertex> _vertices;
    private readonly Autoscaler _autoscaler;
    private readonly Random _chance;
    private readonly double _noise;
    private int[] _parallelism;

    public PipelineModel(AutoscalerOptions options, double arrival, IReadOnlyList<ModelVertex> vertices, int[] parallelism, double noise = 0, int seed = 1, double pending = 0)
    {
        options.Enabled = true;
        _vertices = vertices;
        _parallelism = parallelism;
        _noise = noise;
        _chance = new Random(seed);
        Arrival = arrival;
        Pending = pending;
        Topology = new ScalingTopology(
            [.. vertices.Select((vertex, place) => new ScalingVertex($"v{place}", 128, place == 0, vertex.Groups))],
            [.. Enumerable.Range(0, vertices.Count - 1).Select(place => new ScalingEdge(place, place + 1))]);
        _autoscaler = new Autoscaler(options, Topology);
        _autoscaler.Running(parallelism, Now);
    }

    public ScalingTopology Topology { get; }

    public long Now { get; private set; }

    /// <summary>How many records a second come into the queue.</summary>
    public double Arrival { get; set; }

    /// <summary>How many are in it.</summary>
    public double Pending { get; private set; }

    public IReadOnlyList<int> Parallelism => _parallelism;

    public List<ScalingDecision> Decisions { get; } = [];

    public IEnumerable<ScalingDecision> Applied => Decisions.Where(decision => decision.IsApplied);

    /// <summary>Of each task, the part of its time that it works where only what arrives is to be done.</summary>
    public IReadOnlyList<double> Utilization => [.. _vertices.Select((_, place) => Arrival * Ratio(place) / CapacityOf(place))];

    public void Run(TimeSpan time)
    {
        long end = Now + (long)time.TotalMilliseconds;
        while (Now < end)
        {
            Advance();
        }
    }

    private void Advance()
    {
        Now += Step;
        double seconds = Step / 1000.0;

        // As fast as the slowest task lets it, or as records come.
        double most = Enumerable.Range(0, _vertices.Count).Min(place => CapacityOf(place) / Ratio(place));
        double read = Math.Min(most, Arrival + (Pending / seconds));
        double left = Pending + ((Arrival - read) * seconds);

        // Half a record is a rounding error.
        Pending = left < 0.5 ? 0 : left;
        int slowest = Enumerable.Range(0, _vertices.Count).Last(place => CapacityOf(place) / Ratio(place) <= most * 1.000001);
        bool isFull = read >= most * 0.999999;
        List<VertexMetrics> metrics = [.. _vertices.Select((vertex, place) =>
        {
            double input = read * Ratio(place);
            double busy = Math.Min(1000, input / CapacityOf(place) * 1000 * Noise());
            double waiting = isFull && place < slowest ? 1000 - busy : 0;
            return new VertexMetrics(busy, waiting, input * Noise(), input * vertex.Selectivity * Noise(), place == 0 ? Pending : null);
        })];
        if (_autoscaler.Sampled(new MetricsSample(Now, metrics)) is { } decision)
        {
            Decisions.Add(decision);
            if (decision.IsApplied)
            {
                // A restart takes a minute, in which records pile up.
                _parallelism = [.. decision.Parallelism];
                Now += Step;
                Pending += Arrival * seconds;
                _autoscaler.Running(_parallelism, Now);
            }
        }
    }

    private double Ratio(int place) => _vertices.Take(place).Aggregate(1.0, (ratio, vertex) => ratio * vertex.Selectivity);

    private double CapacityOf(int place)
    {
        var vertex = _vertices[place];
        int parallelism = _parallelism[place];

        // The subtask with the most groups is the one that is full first.
        double share = vertex.Groups is { } groups ? Math.Ceiling((double)groups / parallelism) / groups : 1.0 / parallelism;
        return vertex.Capacity / Math.Max(share, vertex.HottestShare);
    }

    private double Noise() => 1 + (_noise * ((2 * _chance.NextDouble()) - 1));
}
