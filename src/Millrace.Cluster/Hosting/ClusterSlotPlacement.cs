namespace Millrace.Hosting;

/// <summary>Which workers the slots of a job are taken from.</summary>
public enum ClusterSlotPlacement
{
    /// <summary>From all alike: the loss of one worker costs the least, and all processors are used.</summary>
    Spread,

    /// <summary>From as few workers as possible: the others can be switched off.</summary>
    Pack,
}
