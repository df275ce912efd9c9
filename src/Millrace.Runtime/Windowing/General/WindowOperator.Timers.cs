using Millrace.Runtime.State.Timers;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Windowing.General;

/// <content>Timers: those of the triggers, and for each window one that removes it. Work can be interrupted after every timer.</content>
internal sealed partial class WindowOperator<TKey, TIn, TWindow, TContent, TOut>
{
    // The watermark that is being worked off, and the time up to which timers by the clock are.
    private long? _pendingWatermark;
    private long? _pendingProcessingTime;

    public override bool IsUnfinished => _pendingWatermark is not null || _pendingProcessingTime is not null;

    public override long NextProcessingTime => _processingTimers.TryPeek(out long time) ? time : long.MaxValue;

    protected override void OnProcessingTime(long now)
    {
        _pendingProcessingTime = now;
        Resume();
    }

    public override void Resume()
    {
        if (_pendingProcessingTime is { } now && Fire(_processingTimers, now, isEventTime: false))
        {
            _pendingProcessingTime = null;
        }

        if (_pendingWatermark is { } watermark && Fire(_eventTimers, watermark, isEventTime: true))
        {
            _pendingWatermark = null;
            base.OnWatermark(watermark);
        }
    }

    protected override void OnWatermark(long timestamp)
    {
        // Triggers and functions that are called now see the new watermark: what they register at or before it is due at once.
        AdvanceWatermark(timestamp);
        _pendingWatermark = timestamp;
        Resume();
    }

    /// <summary>Fires what is due, in order of time, until it is done or nobody takes the output.</summary>
    /// <returns>Whether it is done.</returns>
    private bool Fire(TimerQueue<TKey, TWindow> timers, long now, bool isEventTime)
    {
        try
        {
            while (!Context.Pressure.IsBlocked)
            {
                if (!timers.TryPop(now, out var timer))
                {
                    return true;
                }

                State.SetCurrentKey(timer.Key, timer.Hash);
                OnTimer(timer.Namespace, timer.Time, isEventTime);
            }
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw Context.Failure(cause, "in a timer of a window");
        }

        return false;
    }

    /// <summary>Fetches what windows need that are going to fire. Most of them are under the name that they began with, which is that of their timer too.</summary>
    private void FetchAhead(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes, ReadOnlySpan<TWindow> windows)
    {
        if (_merging is not null)
        {
            State.Prefetch(keys, hashes);
        }

        for (int i = 0; i < windows.Length; i++)
        {
            _contents.Prefetch(keys.Slice(i, 1), hashes.Slice(i, 1), in windows[i]);
        }
    }

    private void OnTimer(TWindow window, long time, bool isEventTime)
    {
        var stateWindow = window;

        if (_timersFollow)
        {
            // The queue has asked WhenDue, and no record comes in while timers fire: what the window has grown to is over now. Of a session that was merged the timers of all parts come; the first ends it.
            if (!TryGetGrown(in State.CurrentKey, State.CurrentHash, ref window, out stateWindow))
            {
                return;
            }
        }
        else if (_merging is not null && !TryGetStateWindow(window, out stateWindow))
        {
            // Of a window that has been merged into another, and that its trigger has not taken back.
            return;
        }

        _triggerContext.Window = window;
        var result = isEventTime ? _trigger.OnEventTime(time, window, _triggerContext) : _trigger.OnProcessingTime(time, window, _triggerContext);
        Act(result, window, stateWindow, isEventTime ? time : EventTime.None);
        if (isEventTime == _isEventTime && time == CleanupTime(window))
        {
            Remove(window, stateWindow);
        }
    }

    /// <summary>When the timer of a session is due that may have grown since.</summary>
    private long WhenDue(in TKey key, ulong hash, in TWindow window, long time)
    {
        var grown = window;
        long end = TryGetGrown(in key, hash, ref grown, out _) ? CleanupTime(grown) : long.MaxValue;
        return end == long.MaxValue ? time : Math.Max(time, end);
    }

    /// <summary>When a window is over; <see cref="long.MaxValue"/> for never.</summary>
    private long CleanupTime(TWindow window)
    {
        long end = window.MaxTimestamp;
        return !_isEventTime ? end : end > long.MaxValue - _late.AllowedLateness ? long.MaxValue : end + _late.AllowedLateness;
    }

    private void RegisterCleanup(TWindow window)
    {
        long time = CleanupTime(window);
        if (time != long.MaxValue)
        {
            TimersOfWindows.Register(in State.CurrentKey, State.CurrentHash, in window, time);
        }
    }

    private void DeleteCleanup(TWindow window)
    {
        long time = CleanupTime(window);
        if (time != long.MaxValue)
        {
            TimersOfWindows.Delete(in State.CurrentKey, State.CurrentHash, in window, time);
        }
    }

    private TimerQueue<TKey, TWindow> TimersOfWindows => _isEventTime ? _eventTimers : _processingTimers;
}
