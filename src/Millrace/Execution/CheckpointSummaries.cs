using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;

namespace Millrace;

/// <summary>Makes the public statistics of what the coordinators remember.</summary>
internal static class CheckpointSummaries
{
    public static CheckpointStatistics From(JobExecution execution)
    {
        if (execution.CheckpointHistory?.Current is not { } overview)
        {
            return CheckpointStatistics.None;
        }

        var job = execution.Job;
        return new CheckpointStatistics
        {
            Triggered = overview.Counts.Triggered,
            InProgress = overview.Counts.InProgress,
            Completed = overview.Counts.Completed,
            Failed = overview.Counts.Failed,
            Restored = overview.Counts.Restored,
            LatestCompleted = Optional(job, overview.LatestCompleted),
            LatestFailed = Optional(job, overview.LatestFailed),
            LatestSavepoint = Optional(job, overview.LatestSavepoint),
            LatestRestored = overview.LatestRestored is { } restored ? new CheckpointRestore(restored.Id, KindOf(restored.Kind), restored.Path ?? "", TimeOf(restored.RestoredAt)) : null,
            History = [.. overview.Records.Select(record => Summarize(job, record))],
        };
    }

    internal static DateTimeOffset TimeOf(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static CheckpointSummary? Optional(JobGraph job, CheckpointRecord? record) => record is null ? null : Summarize(job, record);

    private static CheckpointSummary Summarize(JobGraph job, CheckpointRecord record)
    {
        var subtasks = record.Subtasks.ToLookup(subtask => subtask.Subtask.Vertex);
        return new CheckpointSummary
        {
            Id = record.Id,
            Kind = KindOf(record.Kind),
            State = record.Status switch
            {
                CheckpointStatus.Completed => CheckpointState.Completed,
                CheckpointStatus.Failed => CheckpointState.Failed,
                _ => CheckpointState.InProgress,
            },
            BeganAt = TimeOf(record.BeganAt),
            Duration = record.Duration,
            StateSize = record.StateBytes,
            WrittenSize = record.WrittenBytes,
            InFlightSize = record.InFlightBytes,
            Path = record.Path,
            FailureReason = record.FailureReason,
            Subtasks = record.Participants,
            AcknowledgedSubtasks = record.Subtasks.Count,
            Tasks =
            [
                .. job.Vertices.Select(vertex => new TaskCheckpointSummary
                {
                    Name = vertex.Name,
                    Operators = [.. vertex.Nodes.Select(node => node.Name)],
                    Parallelism = vertex.Parallelism,
                    Subtasks = [.. subtasks[vertex.Index].OrderBy(subtask => subtask.Subtask.Index).Select(subtask => Summarize(subtask, record.BeganAt))],
                }),
            ],
        };
    }

    private static SubtaskCheckpointSummary Summarize(SubtaskCheckpoint subtask, long beganAt) => new()
    {
        Index = subtask.Subtask.Index,
        AcknowledgedAt = TimeOf(subtask.AcknowledgedAt),
        Duration = TimeSpan.FromMilliseconds(Math.Max(0, subtask.AcknowledgedAt - beganAt)),
        StartDelay = TimeSpan.FromMilliseconds(subtask.Statistics.StartDelay),
        Alignment = TimeSpan.FromMilliseconds(subtask.Statistics.Alignment),
        SyncDuration = TimeSpan.FromMilliseconds(subtask.Statistics.Sync),
        AsyncDuration = TimeSpan.FromMilliseconds(subtask.Statistics.Async),
        StateSize = subtask.Statistics.StateBytes,
        WrittenSize = subtask.Statistics.WrittenBytes,
        InFlightSize = subtask.Statistics.InFlightBytes,
        IsDrained = subtask.IsDrained,
    };

    private static CheckpointKind KindOf(SnapshotKind kind) => kind switch
    {
        SnapshotKind.CanonicalSavepoint => CheckpointKind.Savepoint,
        SnapshotKind.NativeSavepoint => CheckpointKind.NativeSavepoint,
        _ => CheckpointKind.Checkpoint,
    };
}
