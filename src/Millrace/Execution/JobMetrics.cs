using Millrace.Runtime.Coordination;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Tasks;

namespace Millrace;

/// <summary>What a job has done at a moment. Numbers of different subtasks are taken one after the other, not at one instant.</summary>
/// <param name="State">The state of the job.</param>
/// <param name="Elapsed">Since the job was started.</param>
/// <param name="Operators">Every operator, sources first.</param>
public sealed record JobMetrics(JobState State, TimeSpan Elapsed, IReadOnlyList<OperatorSummary> Operators)
{
    /// <summary>How many records all sources have emitted.</summary>
    public long RecordsRead => Operators.Where(op => op.IsSource).Sum(op => op.RecordsOut);

    /// <summary>
    /// How many records all sources together could read and have not read, in splits that no reader has too; an estimate where records have no fixed size. <see langword="null"/> where one of them does not know.
    /// </summary>
    public long? PendingRecords { get; init; }

    /// <summary>How many records came too late for any window.</summary>
    public long LateRecords => Operators.Sum(op => op.LateRecords);

    /// <summary>How many records were skipped or sent to a side output because of errors; see <see cref="ErrorPolicy"/>.</summary>
    public long RecordsInErrors => Operators.Sum(op => op.RecordsInErrors);

    /// <summary>The operator of a name; the first, if several have it.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The operator.</returns>
    /// <exception cref="KeyNotFoundException">No operator has the name.</exception>
    public OperatorSummary this[string name] => Operators.FirstOrDefault(op => op.Name == name)
        ?? throw new KeyNotFoundException($"No operator is called '{name}'; there are {string.Join(", ", Operators.Select(op => $"'{op.Name}'"))}.");

    internal static JobMetrics From(JobExecution execution, TimeSpan elapsed)
    {
        var summaries = new List<OperatorSummary>();
        foreach (var vertex in execution.Job.Vertices)
        {
            // Those of the latest attempt; none yet where the job is still looking for its state.
            var made = execution.Subtasks;
            var subtasks = Enumerable.Range(0, vertex.Parallelism).Select(index => made.GetValueOrDefault(new SubtaskId(vertex.Index, index))).OfType<Subtask>().ToList();
            for (int i = 0; i < vertex.Nodes.Count; i++)
            {
                var node = vertex.Nodes[i];
                var operators = subtasks.Select(subtask => subtask.Operators).Where(list => list.Count > i).Select(list => list[i]).ToList();
                summaries.Add(Summarize(node, execution.Job.Uids[node], vertex.Parallelism, operators, subtasks));
            }
        }

        return new JobMetrics(execution.State, elapsed, summaries) { PendingRecords = (long?)execution.PendingRecords };
    }

    private static OperatorSummary Summarize(Runtime.Graph.StreamNode node, string uid, int parallelism, List<StreamOperator> operators, List<Subtask> subtasks)
    {
        var metrics = operators.Select(op => op.Context.Metrics).ToList();
        return new OperatorSummary
        {
            Name = node.Name,
            Uid = uid,
            IsSource = node.Source is not null,
            Parallelism = parallelism,
            RecordsIn = metrics.Sum(m => m.RecordsIn),
            RecordsOut = metrics.Sum(m => m.RecordsOut),
            LateRecords = metrics.Sum(m => m.LateRecords),
            LateRecordsDropped = metrics.Sum(m => m.LateRecordsDropped),
            RecordsSkipped = metrics.Sum(m => m.RecordsSkipped),
            RecordsInErrors = metrics.Sum(m => m.RecordsInErrors),
            PendingRecords = metrics.Count < parallelism || metrics.Any(m => m.PendingRecords is null) ? null : metrics.Sum(m => m.PendingRecords),
            Watermark = metrics.Count < parallelism ? EventTime.MinWatermark : metrics.Min(m => m.Watermark),
            BusyTime = Average(subtasks, TimeUse.Busy),
            IdleTime = Average(subtasks, TimeUse.Idle),
            BackpressuredTime = Average(subtasks, TimeUse.Backpressured),
            UserMetrics = MetricSummary.Of(operators.SelectMany(op => op.Context.UserMetrics.All)),
            LatencyMarkers = operators.Sum(op => op.Context.Latency.AtPercentile(50).Count),
            LatencyP50 = operators.Select(op => op.Context.Latency.AtPercentile(50).Value).DefaultIfEmpty().Max(),
            LatencyP99 = operators.Select(op => op.Context.Latency.AtPercentile(99).Value).DefaultIfEmpty().Max(),
        };
    }

    private static TimeSpan Average(List<Subtask> subtasks, TimeUse use) => subtasks.Aggregate(TimeSpan.Zero, (sum, subtask) => sum + subtask.Time.Spent(use)) / Math.Max(1, subtasks.Count);
}

/// <summary>What an operator has done, over all its subtasks.</summary>
public sealed record OperatorSummary
{
    /// <summary>The operator's name.</summary>
    public required string Name { get; init; }

    /// <summary>The operator's uid.</summary>
    public required string Uid { get; init; }

    /// <summary>Whether the operator is a source.</summary>
    public required bool IsSource { get; init; }

    /// <summary>How many subtasks it has.</summary>
    public required int Parallelism { get; init; }

    /// <summary>Records that came in; 0 for a source.</summary>
    public required long RecordsIn { get; init; }

    /// <summary>Records that went out, without side outputs.</summary>
    public required long RecordsOut { get; init; }

    /// <summary>Records that came too late for any window, dropped or sent to a side output.</summary>
    public required long LateRecords { get; init; }

    /// <summary>Records that came too late for any window and were dropped.</summary>
    public required long LateRecordsDropped { get; init; }

    /// <summary>Malformed records that a source skipped.</summary>
    public required long RecordsSkipped { get; init; }

    /// <summary>
    /// Records that user code threw on and that were skipped or sent to a side output, timers and windows included, and for a source what it could not read as a record: Flink's <c>numRecordsInErrors</c>.
    /// Of the latest attempt.
    /// </summary>
    public required long RecordsInErrors { get; init; }

    /// <summary>Of a source: how many records its readers' splits hold that could be read and are not; an estimate where records have no fixed size. <see langword="null"/> where a reader does not know, and of other operators.</summary>
    public long? PendingRecords { get; init; }

    /// <summary>The least watermark of the subtasks, in milliseconds since 1970-01-01 UTC.</summary>
    public required long Watermark { get; init; }

    /// <summary>Time that the operator's task spent working, on average over its subtasks. Operators of one task share these times.</summary>
    public required TimeSpan BusyTime { get; init; }

    /// <summary>Time that it spent waiting for input.</summary>
    public required TimeSpan IdleTime { get; init; }

    /// <summary>Time that it spent waiting for somebody to take its output.</summary>
    public required TimeSpan BackpressuredTime { get; init; }

    /// <summary>The metrics that the operator's functions have made with <see cref="RuntimeContext.Metrics"/>, in the order of their making. When a subtask has ended they stand where they stood in the end.</summary>
    public IReadOnlyList<MetricSummary> UserMetrics { get; init; } = [];

    /// <summary>How many latency markers have arrived, where the operator is a sink and latency is tracked.</summary>
    public required long LatencyMarkers { get; init; }

    /// <summary>The time from the sources within which half of the markers arrived, in the slowest subtask.</summary>
    public required TimeSpan LatencyP50 { get; init; }

    /// <summary>The time from the sources within which 99 % of the markers arrived, in the slowest subtask.</summary>
    public required TimeSpan LatencyP99 { get; init; }
}
