namespace Millrace.Runtime.Exchange;

/// <summary>
/// How much a subtask has produced that nobody could take yet. While it is not zero the subtask takes no more input, and long work (a timer
/// cascade, a window that fires for a million keys) pauses.
/// </summary>
internal sealed class TaskPressure
{
    private int _waiting;
    private long _blockedTimes;

    /// <summary>Batches and controls that wait in front of a full channel or a busy sink.</summary>
    public int Waiting
    {
        get => _waiting;
        set
        {
            if (_waiting == 0 && value > 0)
            {
                _blockedTimes++;
            }

            _waiting = value;
        }
    }

    public bool IsBlocked => _waiting > 0;

    /// <summary>Looks whether the task was free all the time, for a clock that stands still under backpressure. Every clock has a watch of its own.</summary>
    /// <param name="pressure">The task's pressure.</param>
    internal struct Watch(TaskPressure pressure)
    {
        private long _seen = pressure._blockedTimes;
        private bool _wasBlocked = pressure.IsBlocked;

        /// <summary>Whether nothing has waited since the last call.</summary>
        public bool WasFree()
        {
            bool free = !_wasBlocked && _seen == pressure._blockedTimes && !pressure.IsBlocked;
            _seen = pressure._blockedTimes;
            _wasBlocked = pressure.IsBlocked;
            return free;
        }
    }
}
