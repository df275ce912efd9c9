namespace Millrace.Runtime.Checkpointing;

/// <summary>What becomes of the job when a savepoint is complete.</summary>
internal enum StopMode
{
    /// <summary>It goes on.</summary>
    None,

    /// <summary>It ends where it is: sources stop at the barrier.</summary>
    Suspend,

    /// <summary>Sources end their input first, so that every window fires; then the savepoint is taken, and the job ends.</summary>
    Drain,
}

/// <summary>Somebody's wish for a checkpoint or savepoint. It is answered exactly once, with <see cref="CheckpointDecision.RequestDone"/>.</summary>
internal sealed class SnapshotRequest
{
    /// <param name="kind">What is to be taken.</param>
    /// <param name="target">The folder of a savepoint; <see langword="null"/> for a checkpoint.</param>
    /// <param name="stop">What becomes of the job.</param>
    /// <param name="completion">The host's own: how it finds whom to answer.</param>
    public SnapshotRequest(SnapshotKind kind, string? target = null, StopMode stop = StopMode.None, object? completion = null)
    {
        if (kind == SnapshotKind.Checkpoint && stop != StopMode.None)
        {
            throw new ArgumentException("A job is stopped with a savepoint, not with a checkpoint.", nameof(stop));
        }

        Kind = kind;
        Target = target;
        Stop = stop;
        Completion = completion;
    }

    public SnapshotKind Kind { get; }

    public string? Target { get; }

    public StopMode Stop { get; }

    public object? Completion { get; }

    public bool IsSavepoint => Kind != SnapshotKind.Checkpoint;
}
