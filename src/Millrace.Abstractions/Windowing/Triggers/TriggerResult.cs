namespace Millrace.Windowing;

/// <summary>What a trigger wants to happen to a window.</summary>
[Flags]
public enum TriggerResult
{
    /// <summary>Nothing.</summary>
    Continue = 0,

    /// <summary>The window fires: its result is emitted, and its contents stay.</summary>
    Fire = 1,

    /// <summary>The window's contents are removed. The window and the trigger's state stay.</summary>
    Purge = 2,

    /// <summary>The window fires, and then its contents are removed.</summary>
    FireAndPurge = Fire | Purge,
}
