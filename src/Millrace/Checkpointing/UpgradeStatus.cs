namespace Millrace.Checkpointing;

/// <summary>What becomes of an operator or a state when a job starts from a savepoint or checkpoint. The later, the more there is to look at.</summary>
public enum UpgradeStatus
{
    /// <summary>It is read as it was written.</summary>
    Compatible,

    /// <summary>It is changed while it is read, and written in the new shape from then on.</summary>
    Migrates,

    /// <summary>The savepoint does not have it: it begins empty.</summary>
    New,

    /// <summary>A state that is there and not asked for when its operator is opened: it stays in later snapshots, in case somebody asks.</summary>
    Kept,

    /// <summary>It could not be looked at: the reason says why.</summary>
    NotChecked,

    /// <summary>It has no place in the job. An operator's makes the start fail unless <see cref="RestoreOptions.AllowNonRestoredState"/> is set; what it had is gone then.</summary>
    Dropped,

    /// <summary>It cannot be read: the start fails.</summary>
    Incompatible,
}
