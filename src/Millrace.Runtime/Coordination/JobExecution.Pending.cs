using Millrace.Runtime.Graph;
using Millrace.Runtime.Sources;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <content>What sources have not read.</content>
internal sealed partial class JobExecution
{
    private readonly BacklogMeter _backlogMeter = new();

    /// <summary>How many records all sources together have not read; null where one of them does not know, or a part of the job is being made anew. Safe to read from any thread.</summary>
    public double? PendingRecords
    {
        get
        {
            double sum = 0;
            var counts = _host.Counts;
            foreach (var vertex in _job.Vertices)
            {
                if (vertex.Head.Source is null)
                {
                    continue;
                }

                if (PendingOf(vertex, counts) is not { } pending)
                {
                    return null;
                }

                sum += pending;
            }

            return sum;
        }
    }

    /// <summary>What is in the splits of a source that no reader has; null of a task that is no source. Safe to read from any thread.</summary>
    public Backlog? UnassignedOf(int vertex)
    {
        var head = _job.Vertices[vertex].Head;
        return head.Source is null ? null : Volatile.Read(ref _enumerators).GetValueOrDefault(head.Id)?.Unassigned ?? Backlog.NotKnown;
    }

    private double? PendingOf(JobVertex vertex, IReadOnlyDictionary<SubtaskId, (int Attempt, TaskCounts Counts)> counts)
    {
        var subtasks = Subtasks;
        var readers = Enumerable.Range(0, vertex.Parallelism).Select(index =>
        {
            var id = new SubtaskId(vertex.Index, index);
            return StateOf(id) == SubtaskState.Finished ? new Backlog(0, 0)
                : counts.TryGetValue(id, out var heard) ? new Backlog(heard.Counts.PendingRecords, heard.Counts.PendingBytes)
                : subtasks.TryGetValue(id, out var subtask) && subtask.Operators is [var source, ..] ? new Backlog(source.Context.Metrics.PendingRecords, source.Context.Metrics.PendingBytes)
                : Backlog.NotKnown;
        });
        lock (_backlogMeter)
        {
            return _backlogMeter.Sum(vertex.Index, readers, UnassignedOf(vertex.Index)!);
        }
    }
}
