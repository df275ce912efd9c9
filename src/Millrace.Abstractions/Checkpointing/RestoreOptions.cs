namespace Millrace.Checkpointing;

/// <summary>The savepoint or checkpoint that a job starts from.</summary>
/// <param name="Path">Its folder in <see cref="CheckpointOptions.Storage"/>, for example <c>savepoints/before-upgrade</c> or <c>my-job/chk-17</c>; the root of the storage may be in front of it.</param>
public sealed record RestoreOptions(string Path)
{
    /// <summary>Who owns the savepoint afterwards.</summary>
    /// <value>Default: <see cref="ClaimMode.NoClaim"/>.</value>
    public ClaimMode Claim { get; init; }

    /// <summary>Whether state that no operator of the job has a place for is dropped. Otherwise it is an error that lists it.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool AllowNonRestoredState { get; init; }
}

/// <summary>Who owns a savepoint that a job was started from.</summary>
public enum ClaimMode
{
    /// <summary>The user does: the job never deletes it, and does not need it any more after its own first checkpoint.</summary>
    NoClaim,

    /// <summary>The job does: it counts as one of its checkpoints and is deleted when it is not needed any more.</summary>
    Claim,
}

/// <summary>How a savepoint is written.</summary>
public enum SavepointFormat
{
    /// <summary>The same whatever the state backend is, so that the job can go on with another one.</summary>
    Canonical,

    /// <summary>The backend's own: faster to take and to start from.</summary>
    Native,
}
