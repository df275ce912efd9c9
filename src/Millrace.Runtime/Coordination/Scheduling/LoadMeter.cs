using Millrace.Runtime.Sources;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Makes of what subtasks have counted what tasks did, between one look and the next.</summary>
internal sealed class LoadMeter
{
    private readonly BacklogMeter _backlog = new();
    private IReadOnlyDictionary<SubtaskId, (int Attempt, TaskCounts Counts)> _before = new Dictionary<SubtaskId, (int, TaskCounts)>();

    /// <param name="tasks">How many subtasks each task has.</param>
    /// <param name="counts">What was last heard of each subtask, with the attempt that it is in.</param>
    /// <param name="now">The time.</param>
    /// <param name="unassigned">What the enumerator of a task has not handed out; null of a task that is no source. Null: nothing is known of any.</param>
    /// <returns>Null where the job cannot be judged as a whole: subtasks are made anew, are not heard of, or have come to their end.</returns>
    public MetricsSample? Look(IReadOnlyList<int> tasks, IReadOnlyDictionary<SubtaskId, (int Attempt, TaskCounts Counts)> counts, long now, Func<int, Backlog?>? unassigned = null)
    {
        var before = _before;
        _before = counts;
        var vertices = new VertexMetrics[tasks.Count];
        for (int vertex = 0; vertex < tasks.Count; vertex++)
        {
            for (int index = 0; index < tasks[vertex]; index++)
            {
                var id = new SubtaskId(vertex, index);
                if (!counts.TryGetValue(id, out var latest) || !before.TryGetValue(id, out var then) || then.Attempt != latest.Attempt || latest.Counts.Life <= then.Counts.Life)
                {
                    return null;
                }

                // By its own clock: when it was heard of says nothing.
                double seconds = (latest.Counts.Life - then.Counts.Life) / 1000.0;
                var sum = vertices[vertex];
                vertices[vertex] = new VertexMetrics(
                    Math.Max(sum.Busy, (latest.Counts.Busy - then.Counts.Busy) / seconds),
                    Math.Max(sum.Backpressured, (latest.Counts.Backpressured - then.Counts.Backpressured) / seconds),
                    sum.RecordsIn + ((latest.Counts.RecordsIn - then.Counts.RecordsIn) / seconds),
                    sum.RecordsOut + ((latest.Counts.RecordsOut - then.Counts.RecordsOut) / seconds));
            }

            if (unassigned?.Invoke(vertex) is { } rest)
            {
                var readers = Enumerable.Range(0, tasks[vertex]).Select(index => counts[new SubtaskId(vertex, index)].Counts).Select(reader => new Backlog(reader.PendingRecords, reader.PendingBytes));
                vertices[vertex] = vertices[vertex] with { Pending = _backlog.Sum(vertex, readers, rest) };
            }
        }

        return new MetricsSample(now, vertices);
    }
}
