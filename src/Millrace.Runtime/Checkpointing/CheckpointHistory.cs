using System.Collections.Immutable;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Checkpointing;

/// <summary>What has become of a checkpoint.</summary>
internal enum CheckpointStatus
{
    InProgress,
    Completed,
    Failed,
}

/// <summary>A subtask's part in a checkpoint.</summary>
/// <param name="Subtask">The subtask.</param>
/// <param name="AcknowledgedAt">When, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="IsDrained">Whether it had come to its end.</param>
/// <param name="Statistics">How it went.</param>
internal sealed record SubtaskCheckpoint(SubtaskId Subtask, long AcknowledgedAt, bool IsDrained, SnapshotStatistics Statistics);

/// <summary>A checkpoint or savepoint as it is remembered. Times are milliseconds since 1970-01-01 UTC.</summary>
/// <param name="Id">The checkpoint.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Status">What has become of it.</param>
/// <param name="BeganAt">When it began.</param>
/// <param name="EndedAt">When it was complete or given up.</param>
/// <param name="Participants">How many subtasks have to acknowledge.</param>
/// <param name="Subtasks">Those that have, in the order in which they did.</param>
/// <param name="StateBytes">The size of the state so far, shared files included.</param>
/// <param name="WrittenBytes">How much was written anew so far.</param>
/// <param name="InFlightBytes">The size of what barriers overtook.</param>
/// <param name="Path">Where it is, when it is complete.</param>
/// <param name="FailureReason">Why it failed.</param>
internal sealed record CheckpointRecord(
    long Id,
    SnapshotKind Kind,
    CheckpointStatus Status,
    long BeganAt,
    long? EndedAt,
    int Participants,
    ImmutableList<SubtaskCheckpoint> Subtasks,
    long StateBytes,
    long WrittenBytes,
    long InFlightBytes,
    string? Path,
    string? FailureReason)
{
    /// <summary>From beginning to end; <see langword="null"/> while it is under way.</summary>
    public TimeSpan? Duration => EndedAt is { } end ? TimeSpan.FromMilliseconds(Math.Max(0, end - BeganAt)) : null;
}

/// <summary>What a job went on from.</summary>
/// <param name="Id">The checkpoint.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Path">Where it is.</param>
/// <param name="RestoredAt">When, in milliseconds since 1970-01-01 UTC.</param>
internal sealed record RestoredCheckpoint(long Id, SnapshotKind Kind, string? Path, long RestoredAt);

/// <summary>How many checkpoints and savepoints. Triggered = completed + failed + in progress.</summary>
internal sealed record CheckpointCounts(long Triggered, long Completed, long Failed, long InProgress, long Restored);

/// <summary>All that is remembered at one moment. Immutable.</summary>
/// <param name="Counts">How many there were.</param>
/// <param name="Records">The last ones, the newest last.</param>
/// <param name="LatestCompleted">The checkpoint, not savepoint, that was completed last.</param>
/// <param name="LatestFailed">The one that failed last.</param>
/// <param name="LatestSavepoint">The savepoint that was completed last.</param>
/// <param name="LatestRestored">What the job went on from last.</param>
internal sealed record CheckpointOverview(
    CheckpointCounts Counts,
    ImmutableList<CheckpointRecord> Records,
    CheckpointRecord? LatestCompleted,
    CheckpointRecord? LatestFailed,
    CheckpointRecord? LatestSavepoint,
    RestoredCheckpoint? LatestRestored);

/// <summary>Statistics of checkpoints. Written by the coordinator's thread, read by any.</summary>
internal sealed class CheckpointHistory
{
    public const int Capacity = 100;

    private readonly Dictionary<long, CheckpointRecord> _open = [];
    private CheckpointOverview _current = new(new CheckpointCounts(0, 0, 0, 0, 0), [], null, null, null, null);

    public CheckpointOverview Current => Volatile.Read(ref _current);

    public void Triggered(CheckpointBarrier barrier, int participants)
    {
        var record = new CheckpointRecord(barrier.CheckpointId, barrier.Kind, CheckpointStatus.InProgress, barrier.Timestamp, null, participants, [], 0, 0, 0, null, null);
        _open.Add(record.Id, record);
        var records = _current.Records.Count == Capacity ? _current.Records.RemoveAt(0) : _current.Records;
        var counts = _current.Counts;
        Publish(_current with { Records = records.Add(record), Counts = counts with { Triggered = counts.Triggered + 1, InProgress = counts.InProgress + 1 } });
    }

    public void Acknowledged(long id, TaskSnapshot snapshot, long now)
    {
        if (_open.TryGetValue(id, out var record))
        {
            var statistics = snapshot.Statistics;
            var changed = record with
            {
                Subtasks = record.Subtasks.Add(new SubtaskCheckpoint(snapshot.Subtask, now, snapshot.IsDrained, statistics)),
                StateBytes = record.StateBytes + statistics.StateBytes,
                WrittenBytes = record.WrittenBytes + statistics.WrittenBytes,
                InFlightBytes = record.InFlightBytes + statistics.InFlightBytes,
            };
            _open[id] = changed;
            Publish(Replace(record, changed));
        }
    }

    public void Completed(long id, string? path, long now)
    {
        if (_open.Remove(id, out var record))
        {
            var changed = record with { Status = CheckpointStatus.Completed, EndedAt = now, Path = path };
            var counts = _current.Counts;
            var next = Replace(record, changed) with { Counts = counts with { Completed = counts.Completed + 1, InProgress = counts.InProgress - 1 } };
            Publish(record.Kind == SnapshotKind.Checkpoint ? next with { LatestCompleted = changed } : next with { LatestSavepoint = changed });
        }
    }

    public void Failed(long id, string reason, long now)
    {
        if (_open.Remove(id, out var record))
        {
            var changed = record with { Status = CheckpointStatus.Failed, EndedAt = now, FailureReason = reason };
            var counts = _current.Counts;
            Publish(Replace(record, changed) with { LatestFailed = changed, Counts = counts with { Failed = counts.Failed + 1, InProgress = counts.InProgress - 1 } });
        }
    }

    /// <summary>The job goes on from a checkpoint or savepoint.</summary>
    public void Restored(long id, SnapshotKind kind, string? path, long now) =>
        Publish(_current with { LatestRestored = new RestoredCheckpoint(id, kind, path, now), Counts = _current.Counts with { Restored = _current.Counts.Restored + 1 } });

    private CheckpointOverview Replace(CheckpointRecord old, CheckpointRecord changed)
    {
        // One that is under way for long may have been pushed out by newer ones.
        int index = _current.Records.FindLastIndex(record => record.Id == old.Id);
        return index < 0 ? _current : _current with { Records = _current.Records.SetItem(index, changed) };
    }

    private void Publish(CheckpointOverview overview) => Volatile.Write(ref _current, overview);
}
