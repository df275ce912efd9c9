using Millrace.Runtime.State.Timers;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Windowing.General;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing;

/// <content>
/// What a window function sees. A window has no entry of its own here, so one whose function asks for state of the window gets a timer, which says when it is over and its state is to be
/// cleared.
/// </content>
internal sealed partial class SliceWindowOperator<TKey, TIn, TContent, TOut>
{
    private TimerQueue<TKey, TimeWindow> _windowTimers = null!;

    /// <summary>Lets the function clear the state of windows that are over.</summary>
    private void ClearWindows(long watermark)
    {
        if (_windowTimers.Count == 0)
        {
            return;
        }

        try
        {
            while (_windowTimers.TryPop(watermark, out var timer))
            {
                State.SetCurrentKey(timer.Key, timer.Hash);
                _context.Current = timer.Namespace;
                _context.IsClearing = true;
                _emitter.Clear(timer.Key, _context);
                _context.IsClearing = false;
            }
        }
        catch (Exception cause) when (cause is not (OperatorException or MillraceException))
        {
            throw Context.Failure(cause, "clearing a window");
        }
    }

    private sealed class WindowContextOf(SliceWindowOperator<TKey, TIn, TContent, TOut> owner) : WindowContext<TimeWindow>
    {
        private readonly WindowStates<TKey, TimeWindow> _windowStates = new(owner.State, "window:");

        public TimeWindow Current
        {
            get => _windowStates.Window;
            set => _windowStates.Window = value;
        }

        public bool IsClearing { get; set; }

        public override TimeWindow Window => Current;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override WindowStateStore WindowState
        {
            get
            {
                if (!IsClearing)
                {
                    owner._windowTimers.Register(in owner.State.CurrentKey, owner.State.CurrentHash, Current, Current.MaxTimestamp + owner._late.AllowedLateness);
                }

                return _windowStates;
            }
        }

        public override WindowStateStore GlobalState { get; } = new GlobalStates<TKey>(owner.State);

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);
    }
}
