using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Time;

/// <summary>
/// Finds who holds a watermark back: from an operator to the slowest of its inputs, and on, until somebody has no slower input.
/// What it looks at changes meanwhile: for a watermark that stands still the answer is exact, for one that moves it is that of a moment.
/// </summary>
internal sealed class WatermarkHolders
{
    private readonly JobGraph _job;
    private readonly Dictionary<StreamNode, IReadOnlyList<OperatorProgress>> _operators = [];
    private readonly Dictionary<StreamNode, long> _watermarks = [];
    private readonly Dictionary<StreamNode, bool> _idle = [];
    private readonly Dictionary<StreamNode, int> _parallelism = [];

    private WatermarkHolders(JobGraph job, IReadOnlyDictionary<SubtaskId, IReadOnlyList<OperatorProgress>> progress)
    {
        _job = job;
        foreach (var vertex in job.Vertices)
        {
            var made = Enumerable.Range(0, vertex.Parallelism).Select(index => progress.GetValueOrDefault(new SubtaskId(vertex.Index, index))).OfType<IReadOnlyList<OperatorProgress>>().ToList();
            for (int i = 0; i < vertex.Nodes.Count; i++)
            {
                var node = vertex.Nodes[i];
                List<OperatorProgress> operators = [.. made.Where(list => list.Count > i).Select(list => list[i])];
                _operators[node] = operators;
                _parallelism[node] = vertex.Parallelism;
                _watermarks[node] = operators.Count < vertex.Parallelism ? EventTime.MinWatermark : operators.Min(op => op.Watermark);
            }
        }
    }

    /// <summary>Every operator, sources first.</summary>
    public static IReadOnlyList<OperatorWatermark> Find(JobGraph job, IReadOnlyDictionary<SubtaskId, Subtask> subtasks) => Find(job, ProgressOf(subtasks));

    /// <summary>How far the operators of subtasks in this process have come.</summary>
    public static IReadOnlyDictionary<SubtaskId, IReadOnlyList<OperatorProgress>> ProgressOf(IReadOnlyDictionary<SubtaskId, Subtask> subtasks) =>
        subtasks.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<OperatorProgress>)[.. pair.Value.Operators.Select(OperatorProgress.Of)]);

    /// <summary>Every operator, sources first.</summary>
    public static IReadOnlyList<OperatorWatermark> Find(JobGraph job, IReadOnlyDictionary<SubtaskId, IReadOnlyList<OperatorProgress>> progress)
    {
        var holders = new WatermarkHolders(job, progress);
        return [.. job.Vertices.SelectMany(vertex => vertex.Nodes).Select(node => new OperatorWatermark(
            node.Name, job.Uids[node], holders._watermarks[node], holders.IsIdle(node), holders._watermarks[node] == EventTime.MaxWatermark ? null : holders.HolderOf(node)))];
    }

    private bool IsIdle(StreamNode node)
    {
        if (!_idle.TryGetValue(node, out bool idle))
        {
            // Who makes watermarks says himself whether he is idle, another operator is with all its inputs; who has ended is not waited for either way.
            idle = MakesWatermarks(node)
                ? _operators[node].Count > 0 && _operators[node].All(op => op.HasEnded || op.IsIdle) && !_operators[node].All(op => op.HasEnded)
                : node.Inputs.Count > 0 && node.Inputs.All(edge => IsIdle(edge.Source) || HasEnded(edge.Source)) && !node.Inputs.All(edge => HasEnded(edge.Source));
            _idle[node] = idle;
        }

        return idle;
    }

    private bool MakesWatermarks(StreamNode node) => node.Source is not null || _operators[node].Any(op => op.AssignsWatermarks);

    private bool HasEnded(StreamNode node) => _watermarks[node] == EventTime.MaxWatermark;

    private WatermarkHolder? HolderOf(StreamNode node)
    {
        if (node.Source is not null)
        {
            return HolderInSource(node);
        }

        if (MakesWatermarks(node))
        {
            return IsIdle(node) ? null : Of(node, Slowest(_operators[node].Where(op => !op.IsIdle)), null, WatermarkHold.Strategy);
        }

        var slowest = node.Inputs.Select(edge => edge.Source).Where(input => !IsIdle(input) && !HasEnded(input)).OrderBy(input => _watermarks[input]).FirstOrDefault();
        if (slowest is null)
        {
            return node.Inputs.All(edge => HasEnded(edge.Source)) ? Of(node, Slowest(_operators[node]), null, WatermarkHold.Operator) : null;
        }

        return _watermarks[slowest] > _watermarks[node] ? Of(node, Slowest(_operators[node]), null, WatermarkHold.Operator) : HolderOf(slowest);
    }

    private WatermarkHolder? HolderInSource(StreamNode node)
    {
        if (_operators[node].Count < _parallelism[node])
        {
            return Of(node, null, null, WatermarkHold.NoSplit);
        }

        var slowest = Slowest(_operators[node].Where(op => !op.HasEnded && !op.IsIdle));
        if (slowest is null)
        {
            return null;
        }

        if (slowest.Slowest is not { } split)
        {
            return Of(node, slowest, null, slowest.AssignsWatermarks ? WatermarkHold.NoSplit : WatermarkHold.NoWatermarks);
        }

        return split.Watermark == EventTime.MinWatermark && !slowest.AssignsWatermarks
            ? Of(node, slowest, null, WatermarkHold.NoWatermarks)
            : Of(node, slowest, split.SplitId.Length == 0 ? null : split.SplitId, WatermarkHold.Split) with { Watermark = split.Watermark };
    }

    private static OperatorProgress? Slowest(IEnumerable<OperatorProgress> operators) => operators.MinBy(op => op.Watermark);

    private WatermarkHolder Of(StreamNode node, OperatorProgress? op, string? splitId, WatermarkHold why) =>
        new(node.Name, _job.Uids[node], op?.Subtask ?? 0, splitId, op?.Watermark ?? EventTime.MinWatermark, why);
}
