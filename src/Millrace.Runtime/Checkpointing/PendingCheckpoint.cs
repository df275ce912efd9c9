using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Checkpointing;

/// <summary>A checkpoint that is under way.</summary>
/// <param name="barrier">Its barrier.</param>
/// <param name="request">Who asked for it.</param>
/// <param name="isFinal">Whether all subtasks had drained when it began, so that they end with it.</param>
/// <param name="beganAt">When, by the coordinator's clock.</param>
/// <param name="participants">Who has to acknowledge.</param>
/// <param name="finished">Who had ended before.</param>
internal sealed class PendingCheckpoint(
    CheckpointBarrier barrier, SnapshotRequest? request, bool isFinal, long beganAt, IReadOnlyList<SubtaskId> participants, IReadOnlyList<SubtaskId> finished)
{
    private readonly HashSet<SubtaskId> _waiting = [.. participants];
    private readonly Dictionary<SubtaskId, TaskSnapshot> _snapshots = [];
    private readonly HashSet<SubtaskId> _replaced = [];

    public long Id => barrier.CheckpointId;

    public CheckpointBarrier Barrier => barrier;

    public SnapshotRequest? Request => request;

    public bool IsFinal => isFinal;

    public long BeganAt => beganAt;

    public IReadOnlyList<SubtaskId> Finished => finished;

    /// <summary>For messages.</summary>
    public string Description => $"{(barrier.IsSavepoint ? "Savepoint" : "Checkpoint")} {Id}";

    public int Missing => _waiting.Count;

    public SubtaskId FirstMissing => participants.First(_waiting.Contains);

    public IReadOnlyList<TaskSnapshot> Snapshots => [.. participants.Where(_snapshots.ContainsKey).Select(subtask => _snapshots[subtask])];

    /// <summary>Those that took part, or were to, and are still the same.</summary>
    public IEnumerable<SubtaskId> Participants => participants.Where(subtask => !_replaced.Contains(subtask));

    public bool IsWaitingFor(SubtaskId subtask) => _waiting.Contains(subtask);

    public bool HasFrom(SubtaskId subtask) => _snapshots.ContainsKey(subtask);

    public bool IsDrained(SubtaskId subtask) => _snapshots.TryGetValue(subtask, out var snapshot) && snapshot.IsDrained;

    /// <returns>Whether the snapshot was waited for.</returns>
    public bool Acknowledge(TaskSnapshot snapshot)
    {
        if (!_waiting.Remove(snapshot.Subtask))
        {
            return false;
        }

        _snapshots.Add(snapshot.Subtask, snapshot);
        return true;
    }

    /// <summary>
    /// A subtask has come to its end in this checkpoint only if all that feed it have: one that took its snapshot late, because nobody waits or a barrier overtook,
    /// may have heard of an end that lies behind the barrier, and what its producers send again after a restore is for it to take.
    /// </summary>
    public void SettleDrained(JobTopology topology)
    {
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var subtask in participants)
            {
                if (IsDrained(subtask) && topology.ProducersOf(subtask).Any(producer => !finished.Contains(producer) && !IsDrained(producer)))
                {
                    _snapshots[subtask] = _snapshots[subtask] with { IsDrained = false };
                    changed = true;
                }
            }
        }
    }

    /// <summary>A subtask was made anew: it is not the one that took part.</summary>
    public void Replace(SubtaskId subtask) => _replaced.Add(subtask);
}
