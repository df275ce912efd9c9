namespace Millrace.Checkpointing;

/// <summary>What an upgrade check looks at.</summary>
public sealed class UpgradeCheckOptions
{
    /// <summary>The folder of a savepoint or checkpoint, as in <see cref="RestoreOptions"/>.</summary>
    /// <value>Default: <see langword="null"/>, what the job would go on from if it were started now.</value>
    public string? Savepoint { get; set; }

    /// <summary>Where it is.</summary>
    /// <value>Default: <see langword="null"/>, the storage of the job's checkpoints.</value>
    public CheckpointStorage? Storage { get; set; }

    /// <summary>
    /// Whether functions are made and opened, with a state that is empty and goes nowhere, and closed again: which states a function has is only known when it asks for them in <c>Open</c>. Sources and sinks
    /// are never opened.
    /// </summary>
    /// <value>Default: <see langword="true"/>: without it nothing is said of the states of functions, which are most of them. <see langword="false"/> where an <c>Open</c> must not run beside the job that runs.</value>
    public bool OpenFunctions { get; set; } = true;

    /// <summary>Whether state without a place in the job may be dropped.</summary>
    /// <value>Default: <see langword="null"/>, as the job's own <see cref="RestoreOptions.AllowNonRestoredState"/> says.</value>
    public bool? AllowNonRestoredState { get; set; }
}
