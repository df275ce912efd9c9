using Millrace.State;

namespace Millrace.Windowing;

/// <summary>What a trigger sees besides the record: time, timers of the window, and state of its own for each key and window.</summary>
/// <remarks>Valid only during the call.</remarks>
public abstract class TriggerContext
{
    private protected TriggerContext()
    {
    }

    /// <summary>The operator's watermark.</summary>
    public abstract long CurrentWatermark { get; }

    /// <summary>The wall clock in milliseconds since 1970-01-01 UTC.</summary>
    public abstract long CurrentProcessingTime { get; }

    /// <summary>Has <see cref="Trigger{T, TWindow}.OnEventTime"/> called for this window when the watermark reaches a time. Registering the same time twice is registering it once.</summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC. A time at or before the watermark is due at its next move.</param>
    public abstract void RegisterEventTimeTimer(long timestamp);

    /// <summary>Takes a timer of this window back. Does nothing where there is none.</summary>
    /// <param name="timestamp">The time it was registered for.</param>
    public abstract void DeleteEventTimeTimer(long timestamp);

    /// <summary>Has <see cref="Trigger{T, TWindow}.OnProcessingTime"/> called for this window when the clock reaches a time.</summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC.</param>
    public abstract void RegisterProcessingTimeTimer(long timestamp);

    /// <summary>Takes a timer of this window back. Does nothing where there is none.</summary>
    /// <param name="timestamp">The time it was registered for.</param>
    public abstract void DeleteProcessingTimeTimer(long timestamp);

    /// <summary>A value of the trigger's own for this key and window. Clear it in <see cref="Trigger{T, TWindow}.Clear"/>.</summary>
    /// <typeparam name="TState">The type of the value.</typeparam>
    /// <param name="descriptor">Names the state among those of the operator's triggers. Keep it in a static field: making one for each record costs.</param>
    /// <returns>The handle, always the same for a name.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another type.</exception>
    public abstract ValueState<TState> GetState<TState>(ValueStateDescriptor<TState> descriptor);
}

/// <summary>What a trigger sees when windows merge; its window is the one that they have become.</summary>
public abstract class TriggerMergeContext : TriggerContext
{
    private protected TriggerMergeContext()
    {
    }

    /// <summary>
    /// Combines the values of the windows that have merged into one of the window that they have become. A window without a value counts for nothing. Each merged window keeps its
    /// own until <see cref="Trigger{T, TWindow}.Clear"/> is called for it, which may need it to find its timers.
    /// </summary>
    /// <typeparam name="TState">The type of the value.</typeparam>
    /// <param name="descriptor">Names the state.</param>
    /// <param name="combine">Combines two values; commutative and associative.</param>
    public abstract void MergeState<TState>(ValueStateDescriptor<TState> descriptor, Func<TState, TState, TState> combine);
}
