using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Cluster.Coordination;

/// <content>What people get to see.</content>
internal sealed partial class JobMaster
{
    private const int RememberedDecisions = 50;

    // Of executions of this term that are over; under the lock of decisions.
    private (long Restarts, string? LastFailure) _past;

    // Whether all subtasks of the present execution have run.
    private bool _isRunning;

    public JobMasterStatus Status
    {
        get
        {
            SchedulingEvent[] decisions;
            (long Restarts, string? LastFailure) past;
            lock (_decisions)
            {
                decisions = [.. _decisions];
                past = _past;
            }

            string? waiting = IsWaitingForLedger ? "The slot ledger of the cluster has not said yet which slots the job may use." : Volatile.Read(ref _scheduler)?.Waiting;
            if (waiting is not null && Volatile.Read(ref _grant) is { IsAll: false } grant)
            {
                waiting = $"{waiting} {grant.Reason}";
            }

            if (Volatile.Read(ref _running) is not { } running)
            {
                return new JobMasterStatus(JobState.Created, _term, 0, [], waiting, past.Restarts, null, past.LastFailure) { Decisions = decisions, WantedSlots = Wanted };
            }

            var execution = running.Execution;
            var placement = running.Host.Placement;
            var failures = execution.Failures;
            return new JobMasterStatus(
                execution.State,
                _term,
                execution.Job.Options.Parallelism,
                [.. JobTopology.Of(execution.Job).Subtasks.Select(subtask => new SubtaskStatus(
                    $"{execution.Job.Vertices[subtask.Vertex].Name} ({subtask.Index + 1}/{execution.Job.Vertices[subtask.Vertex].Parallelism})",
                    execution.StateOf(subtask).ToString(),
                    placement.GetValueOrDefault(subtask)?.Name))],
                waiting,
                past.Restarts + failures.Restarts,
                execution.CheckpointHistory?.Current.Records.FindLast(record => record.Status == CheckpointStatus.Completed)?.Id,
                failures.Records.LastOrDefault()?.Error.Message ?? past.LastFailure)
            {
                Tasks = TasksOf(running),
                Decisions = decisions,
                WantedSlots = Wanted,
            };
        }
    }

    private int? Wanted => _wantedSlots is > 0 and var slots ? slots : null;

    private List<TaskStatus> TasksOf(Running running)
    {
        var graph = running.Execution.Job;
        var counts = running.Host.Counts;
        var load = Volatile.Read(ref _load)?.Vertices;
        var topology = ScalingTopology.Of(graph, Volatile.Read(ref _bounds));
        var tasks = new List<TaskStatus>();
        foreach (var vertex in graph.Vertices)
        {
            // A sample of the execution before may be there still, of another graph.
            var metrics = load is not null && load.Count == graph.Vertices.Count ? load[vertex.Index] : default;
            long watermark = counts.Where(count => count.Key.Vertex == vertex.Index).Select(count => count.Value.Counts.Watermark).DefaultIfEmpty(EventTime.MinWatermark).Min();
            tasks.Add(new TaskStatus(
                vertex.Name, vertex.Parallelism, metrics.RecordsIn, metrics.RecordsOut, metrics.Busy, metrics.Backpressured, watermark == EventTime.MinWatermark ? null : watermark, (long?)metrics.Pending)
            {
                Bounds = topology.Vertices[vertex.Index].Bounds,
            });
        }

        return tasks;
    }

    private void Remember(SchedulingDecision decision)
    {
        Remember(decision switch
        {
            SchedulingDecision.Start start => $"Start with parallelism {start.Parallelism}.",
            SchedulingDecision.Rescale rescale => $"Rescale to parallelism {rescale.Parallelism}.",
            SchedulingDecision.TakeCheckpoint => "Take a checkpoint.",
            SchedulingDecision.GiveUp => "Give up.",
            _ => "Wait.",
        }, decision.Reason);
    }

    private void Remember(string what, string reason)
    {
        Runtime.Clustering.Log.Decided(_logger, _job, what, reason);
        lock (_decisions)
        {
            _decisions.Enqueue(new SchedulingEvent(_time.GetUtcNow(), $"{what} {reason}"));
            if (_decisions.Count > RememberedDecisions)
            {
                _decisions.Dequeue();
            }
        }
    }
}
