namespace Millrace;

/// <summary>Which clock a timer goes by.</summary>
public enum TimeDomain
{
    /// <summary>The watermark.</summary>
    EventTime,

    /// <summary>The wall clock.</summary>
    ProcessingTime,
}

/// <summary>
/// Timers of the current key. A timer is one per (key, time): registering it twice is registering it once.
/// Timers are part of the operator's state.
/// </summary>
public interface ITimerService
{
    /// <summary>The operator's watermark, in milliseconds since 1970-01-01 UTC.</summary>
    long CurrentWatermark { get; }

    /// <summary>The wall clock, in milliseconds since 1970-01-01 UTC.</summary>
    long CurrentProcessingTime { get; }

    /// <summary>Asks for a call when the watermark reaches <paramref name="timestamp"/>; if it already has, with the next watermark.</summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC.</param>
    void RegisterEventTimeTimer(long timestamp);

    /// <summary>Takes back a timer of the current key. Does nothing when there is none.</summary>
    /// <param name="timestamp">The time it was registered for.</param>
    void DeleteEventTimeTimer(long timestamp);

    /// <summary>Asks for a call when the wall clock reaches <paramref name="timestamp"/>.</summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC.</param>
    void RegisterProcessingTimeTimer(long timestamp);

    /// <summary>Takes back a timer of the current key. Does nothing when there is none.</summary>
    /// <param name="timestamp">The time it was registered for.</param>
    void DeleteProcessingTimeTimer(long timestamp);
}
