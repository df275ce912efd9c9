namespace Millrace.Runtime.Exchange;

/// <summary>
/// How much a subtask has produced that nobody could take yet. While it is not zero the subtask takes no more input, and long work (a timer
/// cascade, a window that fires for a million keys) pauses.
/// </summary>
internal sealed class TaskPressure
{
    private int _waiting;

    /// <summary>Batches and controls that wait in front of a full channel or a busy sink.</summary>
    public int Waiting
    {
        get => _waiting;
        set
        {
            _waiting = value;
            WasBlocked |= value > 0;
        }
    }

    public bool IsBlocked => _waiting > 0;

    /// <summary>Whether anything has waited since this was last set to false; for clocks that stand still under backpressure.</summary>
    public bool WasBlocked { get; set; }
}
