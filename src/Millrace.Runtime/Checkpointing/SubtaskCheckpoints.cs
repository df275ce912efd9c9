using System.Reflection;
using System.Runtime.CompilerServices;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Checkpointing;

/// <summary>
/// A subtask's part in checkpoints: takes snapshots when barriers say so, has them written in the background, and reports. Used on the subtask's own
/// turn.
/// </summary>
/// <param name="subtask">The subtask.</param>
/// <param name="writer">Writes snapshots.</param>
/// <param name="listener">Hears of them.</param>
/// <param name="scheduler">Gives the background and the clock.</param>
internal sealed class SubtaskCheckpoints(Subtask subtask, ISnapshotWriter writer, ISnapshotListener listener, ITaskScheduler scheduler)
{
    // Those of every subtask, once in a process. What depends on the types of a job is in StreamOperator.Rehearse.
    private static readonly Lazy<int> Compiled = new(() =>
    {
        int compiled = 0;
        foreach (var type in (Type[])[typeof(SubtaskCheckpoints), typeof(BarrierHandler), typeof(PendingSnapshot), typeof(PendingOperatorSnapshot), typeof(CheckpointBarrier)])
        {
            foreach (var method in type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                RuntimeHelpers.PrepareMethod(method.MethodHandle);
                compiled++;
            }
        }

        return compiled;
    });

    private readonly List<PendingSnapshot> _pending = [];

    public BarrierHandler Barriers { get; } = new();

    /// <summary>When to look again though nothing has arrived, by <see cref="MonotonicClock"/>.</summary>
    public long NextTime
    {
        get
        {
            long next = Barriers.NextTime;
            foreach (var pending in _pending)
            {
                next = pending.WaitsForOutputs && !pending.IsLate ? Math.Min(next, pending.Barrier.OvertakeAt) : next;
            }

            return next;
        }
    }

    /// <summary>Which checkpoints are under way here, for people.</summary>
    public string Status => $"{(Barriers.IsBusy ? $", barrier {Barriers.Current?.CheckpointId} ({Barriers.Status})" : "")}"
        + string.Concat(_pending.ToArray().Select(pending => $", snapshot {pending.Barrier.CheckpointId} {(pending.IsWriting ? "is written" : "waits")}"));

    // The clock of the coordinator's deadlines, where it is in this process: the time of day may be set back, and then nothing would be overtaken until it has caught up.
    private long Now => scheduler.TimeProvider.GetMilliseconds();

    public void Start()
    {
        Barriers.GivenUp = GiveUp;
        Barriers.Ignored = barrier =>
        {
            // One that was taken long ago may come once more: it was overtaken.
            if (Find(barrier.CheckpointId) is null)
            {
                Decline(barrier);
            }
        };
    }

    /// <summary>Has compiled what the first checkpoint would stand still for.</summary>
    public static void Rehearse(OperatorChain chain)
    {
        _ = Compiled.Value;
        foreach (var op in chain.Operators)
        {
            op.Rehearse();
        }
    }

    /// <summary>The coordinator begins a checkpoint at this subtask.</summary>
    /// <returns>Whether the subtask takes part in it.</returns>
    public bool Trigger(CheckpointBarrier barrier) => Barriers.Trigger(barrier);

    /// <summary>A checkpoint has been given up by the coordinator; others, before and behind it, go on.</summary>
    public void Abort(long checkpointId)
    {
        Barriers.Abort(checkpointId);
        if (Find(checkpointId) is { } pending)
        {
            Drop(pending);
        }
    }

    /// <summary>Takes the snapshots that are due. Only while no operator has unfinished work.</summary>
    /// <param name="chain">The operators and outputs.</param>
    /// <param name="isDrained">Whether everything has been worked off for good.</param>
    public void TakeIfDue(OperatorChain chain, bool isDrained)
    {
        while (Barriers.IsBusy && Barriers.IsDue(Now) && Take(chain, isDrained))
        {
        }
    }

    /// <summary>Takes the snapshot that is due.</summary>
    /// <returns>Whether it could be taken: there may be work to do before it.</returns>
    private bool Take(OperatorChain chain, bool isDrained)
    {
        long now = Now;

        // What has been gathered belongs before the barrier. It may well make an operator busy: then the barrier waits.
        foreach (var op in chain.Operators)
        {
            op.PrepareBarrier();
        }

        chain.Flush();
        if (chain.FindUnfinished() is not null)
        {
            return false;
        }

        long started = scheduler.TimeProvider.GetTimestamp();
        var barrier = Barriers.Current!;
        var pending = new PendingSnapshot(barrier, isDrained)
        {
            StartDelay = Barriers.StartDelay(barrier),
            Alignment = Barriers.AlignmentTime(now),
        };
        bool overtakes = barrier.Alignment == BarrierAlignment.Unaligned || Barriers.Overtakes || (barrier.Alignment == BarrierAlignment.AlignedWithTimeout && now >= barrier.OvertakeAt);
        foreach (var output in chain.Outputs)
        {
            output.Send(barrier, overtakes, pending.Recordings);
        }

        pending.WaitsForOutputs = !overtakes && barrier.Alignment == BarrierAlignment.AlignedWithTimeout;
        foreach (var op in chain.Operators)
        {
            var snapshot = new PendingOperatorSnapshot(barrier, op.Context.OperatorUid);
            pending.Operators.Add(snapshot);
            op.Snapshot(snapshot);
        }

        pending.Recordings.AddRange(Barriers.Taken());
        pending.Sync = scheduler.TimeProvider.GetElapsedTime(started).TotalMilliseconds;
        _pending.Add(pending);
        return true;
    }

    /// <summary>Hands over to the background what is whole.</summary>
    public void Advance(OperatorChain chain)
    {
        if (!Barriers.IsBusy && _pending.Count == 0)
        {
            return;
        }

        long now = Now;
        Barriers.Look(now);
        for (int i = 0; i < _pending.Count; i++)
        {
            var pending = _pending[i];
            pending.IsLate = now >= pending.Barrier.OvertakeAt;
            if (pending.IsWriting || pending.Operators.Exists(op => op.IsDeferred))
            {
                continue;
            }

            if (pending.WaitsForOutputs && !HaveOutputsSent(pending, chain))
            {
                continue;
            }

            // Only the checkpoint that barriers are being waited for can still grow.
            if (Barriers.IsRecording && Barriers.Current!.CheckpointId == pending.Barrier.CheckpointId)
            {
                continue;
            }

            Write(pending);
        }
    }

    /// <summary>The subtask ends: nobody waits for what is not written yet.</summary>
    public void Dispose()
    {
        foreach (var pending in _pending.ToArray())
        {
            Drop(pending);
        }
    }

    private bool HaveOutputsSent(PendingSnapshot pending, OperatorChain chain)
    {
        bool sent = true;
        foreach (var output in chain.Outputs)
        {
            if (output.HasWaiting(pending.Barrier))
            {
                if (pending.IsLate)
                {
                    output.Overtake(pending.Barrier, pending.Recordings);
                }
                else
                {
                    sent = false;
                }
            }
        }

        pending.WaitsForOutputs = !sent;
        return sent;
    }

    private void Write(PendingSnapshot pending)
    {
        pending.IsWriting = true;
        TaskSnapshot? written = null;
        long started = scheduler.TimeProvider.GetTimestamp();
        scheduler.RunInBackground(
            $"checkpoint {pending.Barrier.CheckpointId} of {subtask.Description}",
            () => written = writer.Write(pending, subtask.Id, scheduler.TimeProvider.GetElapsedTime(started), pending.Cancellation.Token),
            error =>
            {
                // By the listener's own mail, and past the subtask's: what is written counts, even if the subtask has just ended.
                if (error is null)
                {
                    listener.Acknowledged(subtask.Id, pending.Barrier.CheckpointId, written!);
                }
                else if (!pending.Cancellation.IsCancellationRequested)
                {
                    listener.Declined(subtask.Id, pending.Barrier.CheckpointId, error);
                }

                subtask.Mailbox.Post(() => Forget(pending));
            });
    }

    private void GiveUp(CheckpointBarrier barrier)
    {
        if (Find(barrier.CheckpointId) is { } pending)
        {
            Drop(pending);
        }

        Decline(barrier);
    }

    private PendingSnapshot? Find(long checkpointId) => _pending.Find(pending => pending.Barrier.CheckpointId == checkpointId);

    private void Decline(CheckpointBarrier barrier) => listener.Declined(
        subtask.Id, barrier.CheckpointId, new OperationCanceledException($"Checkpoint {barrier.CheckpointId} was given up by {subtask.Description}: a later one has come, or its abort."));

    private void Drop(PendingSnapshot pending)
    {
        // The tokens of snapshots have no callbacks of user code.
        pending.Cancellation.Cancel();
        Forget(pending);
    }

    private void Forget(PendingSnapshot pending)
    {
        _pending.Remove(pending);
        foreach (var op in pending.Operators)
        {
            op.Dispose();
        }
    }
}

/// <summary>A snapshot of a subtask that has been taken and is not written yet.</summary>
/// <param name="barrier">The checkpoint.</param>
/// <param name="isDrained">Whether the subtask had nothing left to do.</param>
internal sealed class PendingSnapshot(CheckpointBarrier barrier, bool isDrained)
{
    public CheckpointBarrier Barrier { get; } = barrier;

    public bool IsDrained { get; } = isDrained;

    public List<PendingOperatorSnapshot> Operators { get; } = [];

    public List<ChannelRecording> Recordings { get; } = [];

    public CancellationTokenSource Cancellation { get; } = new();

    public double StartDelay { get; init; }

    public double Alignment { get; init; }

    public double Sync { get; set; }

    public bool WaitsForOutputs { get; set; }

    /// <summary>Whether the snapshot has been looked at since barriers may overtake.</summary>
    public bool IsLate { get; set; }

    public bool IsWriting { get; set; }
}

/// <summary>Writes snapshots into the storage.</summary>
internal interface ISnapshotWriter
{
    /// <summary>Writes all of a snapshot. Not on an actor's turn; blocks.</summary>
    /// <param name="snapshot">What to write.</param>
    /// <param name="subtask">Whose it is.</param>
    /// <param name="waited">How long it waited for a thread.</param>
    /// <param name="cancellationToken">Gives up.</param>
    TaskSnapshot Write(PendingSnapshot snapshot, SubtaskId subtask, TimeSpan waited, CancellationToken cancellationToken);
}

/// <summary>Hears what becomes of the snapshots of subtasks. Called on any thread.</summary>
internal interface ISnapshotListener
{
    void Acknowledged(SubtaskId subtask, long checkpointId, TaskSnapshot snapshot);

    /// <summary>Another process has written files for a checkpoint. Told before the acknowledgement that names them.</summary>
    void FilesWritten(long checkpointId, IReadOnlyCollection<string> paths)
    {
    }

    void Declined(SubtaskId subtask, long checkpointId, Exception error);

    /// <summary>The subtask has come to the end of its input, and waits for a checkpoint before it ends.</summary>
    void Drained(SubtaskId subtask);
}
