using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>Makes of what subtasks have counted what tasks did, between one look and the next.</summary>
internal sealed class LoadMeter
{
    private IReadOnlyDictionary<SubtaskId, (int Attempt, TaskCounts Counts)> _before = new Dictionary<SubtaskId, (int, TaskCounts)>();

    /// <param name="tasks">How many subtasks each task has.</param>
    /// <param name="counts">What was last heard of each subtask, with the attempt that it is in.</param>
    /// <param name="now">The time.</param>
    /// <returns>Null where the job cannot be judged as a whole: subtasks are made anew, are not heard of, or have come to their end.</returns>
    public MetricsSample? Look(IReadOnlyList<int> tasks, IReadOnlyDictionary<SubtaskId, (int Attempt, TaskCounts Counts)> counts, long now)
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
        }

        return new MetricsSample(now, vertices);
    }
}
