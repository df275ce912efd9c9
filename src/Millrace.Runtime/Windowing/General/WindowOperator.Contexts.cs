using Millrace.State;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.General;

/// <content>What triggers and functions see.</content>
internal sealed partial class WindowOperator<TKey, TIn, TWindow, TContent, TOut>
{
    private sealed class TriggerContextOf(WindowOperator<TKey, TIn, TWindow, TContent, TOut> owner) : TriggerMergeContext
    {
        private readonly WindowStates<TKey, TWindow> _states = new(owner.State, "trigger:");

        public TWindow Window
        {
            get => _states.Window;
            set => _states.Window = value;
        }

        public override long CurrentWatermark => owner.CurrentWatermarkOfKey;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override void RegisterEventTimeTimer(long timestamp) =>
            owner._eventTimers.Register(in owner.State.CurrentKey, owner.State.CurrentHash, Window, timestamp);

        public override void DeleteEventTimeTimer(long timestamp)
        {
            // The timer that removes the window is the engine's, also where a trigger has registered the same.
            if (!owner._isEventTime || timestamp != owner.CleanupTime(Window))
            {
                owner._eventTimers.Delete(in owner.State.CurrentKey, owner.State.CurrentHash, Window, timestamp);
            }
        }

        public override void RegisterProcessingTimeTimer(long timestamp) =>
            owner._processingTimers.Register(in owner.State.CurrentKey, owner.State.CurrentHash, Window, timestamp);

        public override void DeleteProcessingTimeTimer(long timestamp)
        {
            if (owner._isEventTime || timestamp != owner.CleanupTime(Window))
            {
                owner._processingTimers.Delete(in owner.State.CurrentKey, owner.State.CurrentHash, Window, timestamp);
            }
        }

        public override ValueState<TState> GetState<TState>(ValueStateDescriptor<TState> descriptor) => _states.GetState(descriptor);

        public override void MergeState<TState>(ValueStateDescriptor<TState> descriptor, Func<TState, TState, TState> combine)
        {
            ArgumentNullException.ThrowIfNull(combine);
            var window = Window;
            var state = _states.GetState(descriptor);
            TState? combined = default;
            bool any = false;

            // The state of the parts stays until the trigger clears them: it says which timers they have.
            foreach (var (part, _) in owner._merged)
            {
                Window = part;
                if (state.TryGet(out var value))
                {
                    combined = any ? combine(combined!, value) : value;
                    any = true;
                }
            }

            Window = window;
            if (any)
            {
                state.Value = combined!;
            }
        }
    }

    private sealed class WindowContextOf(WindowOperator<TKey, TIn, TWindow, TContent, TOut> owner) : WindowContext<TWindow>
    {
        private readonly WindowStates<TKey, TWindow> _windowStates = new(owner.State, "window:");

        public TWindow Current
        {
            get => _windowStates.Window;
            set => _windowStates.Window = value;
        }

        public override TWindow Window => Current;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override WindowStateStore WindowState => owner._merging is null
            ? _windowStates
            : throw new InvalidOperationException($"{owner._assigner} merges windows, and state of a window would be lost with it. Use GlobalState, which belongs to the key.");

        public override WindowStateStore GlobalState { get; } = new GlobalStates<TKey>(owner.State);

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);
    }
}
