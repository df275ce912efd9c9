using System.Diagnostics;

namespace Millrace.Runtime.Time;

/// <summary>
/// The watermark of several inputs: the least of those that are active and have caught up. Inputs that are idle or have ended are not waited for;
/// when all that go on are idle, the whole is idle.
/// </summary>
/// <remarks>Invariant: the watermark never goes back, whatever the inputs do.</remarks>
internal sealed class WatermarkTracker
{
    private readonly long[] _watermarks;
    private readonly InputState[] _states;

    public WatermarkTracker(int inputs)
    {
        _watermarks = new long[inputs];
        Array.Fill(_watermarks, EventTime.MinWatermark);
        _states = new InputState[inputs];
    }

    private enum InputState : byte
    {
        /// <summary>Counts.</summary>
        Active,

        /// <summary>Was idle, and is still behind the watermark that the others reached meanwhile: does not count until it has caught up.</summary>
        CatchingUp,

        Idle,

        Ended,
    }

    /// <summary>The watermark of all inputs together.</summary>
    public long Watermark { get; private set; } = EventTime.MinWatermark;

    public bool IsIdle { get; private set; }

    /// <summary>An input's watermark moves.</summary>
    /// <returns>Whether the watermark of all moves.</returns>
    public bool Advance(int input, long watermark)
    {
        _watermarks[input] = Math.Max(_watermarks[input], watermark);
        if (_states[input] == InputState.CatchingUp && _watermarks[input] >= Watermark)
        {
            _states[input] = InputState.Active;
        }

        return Recompute();
    }

    /// <summary>An input becomes idle or active.</summary>
    /// <returns>Whether the watermark of all moves. Look at <see cref="IsIdle"/> too.</returns>
    public bool SetIdle(int input, bool idle)
    {
        if (_states[input] == InputState.Ended)
        {
            return false;
        }

        if (idle)
        {
            _states[input] = InputState.Idle;
        }
        else if (_states[input] == InputState.Idle)
        {
            _states[input] = _watermarks[input] >= Watermark ? InputState.Active : InputState.CatchingUp;
        }

        return Recompute();
    }

    /// <summary>An input has ended.</summary>
    /// <returns>Whether the watermark of all moves.</returns>
    public bool End(int input)
    {
        _states[input] = InputState.Ended;
        return Recompute();
    }

    private bool Recompute()
    {
        long least = EventTime.MaxWatermark;
        bool anyActive = false;
        bool anyCatchingUp = false;
        bool anyIdle = false;
        long greatestIdle = EventTime.MinWatermark;
        for (int i = 0; i < _states.Length; i++)
        {
            switch (_states[i])
            {
                case InputState.Active:
                    anyActive = true;
                    least = Math.Min(least, _watermarks[i]);
                    break;
                case InputState.CatchingUp:
                    anyCatchingUp = true;
                    break;
                case InputState.Idle:
                    anyIdle = true;
                    greatestIdle = Math.Max(greatestIdle, _watermarks[i]);
                    break;
            }
        }

        IsIdle = !anyActive && !anyCatchingUp && anyIdle;
        if (!anyActive)
        {
            if (anyCatchingUp)
            {
                return false;
            }

            // All idle: nobody holds back what any of them has promised. All ended: that is the end of time.
            least = anyIdle ? greatestIdle : EventTime.MaxWatermark;
        }

        if (least <= Watermark)
        {
            return false;
        }

        Debug.Assert(least > Watermark, "The watermark never goes back.");
        Watermark = least;
        return true;
    }
}
