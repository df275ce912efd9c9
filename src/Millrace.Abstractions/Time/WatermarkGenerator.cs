namespace Millrace;

/// <summary>Takes watermarks from a <see cref="WatermarkGenerator{T}"/>.</summary>
public interface IWatermarkOutput
{
    /// <summary>Says that no record at or before <paramref name="timestamp"/> is expected any more. One that goes back is ignored.</summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC.</param>
    void EmitWatermark(long timestamp);

    /// <summary>Says that this input has nothing to say about time until its next record: others no longer wait for it.</summary>
    void MarkIdle();
}

/// <summary>Derives watermarks from the records of one split. Each split has a generator of its own.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <example>
/// A punctuated generator, for a stream that carries its own markers:
/// <code>
/// sealed class Markers : WatermarkGenerator&lt;Tick&gt;
/// {
///     public override void OnEvent(in Tick tick, long timestamp, IWatermarkOutput output)
///     {
///         if (tick.IsEndOfSecond) output.EmitWatermark(timestamp);
///     }
/// }
/// </code>
/// </example>
public abstract class WatermarkGenerator<T>
{
    /// <summary>Called for every record, before it is emitted. A watermark that is emitted here follows the record.</summary>
    /// <param name="value">The record.</param>
    /// <param name="timestamp">Its event time in milliseconds since 1970-01-01 UTC.</param>
    /// <param name="output">Takes the watermark.</param>
    public abstract void OnEvent(in T value, long timestamp, IWatermarkOutput output);

    /// <summary>
    /// Called at every watermark interval (200 ms unless set), and after every n records where <see cref="WatermarkStrategy{T}.WithWatermarkEvery"/>
    /// asks for it. Not at the end of the input, which ends event time by itself.
    /// </summary>
    /// <param name="output">Takes the watermark.</param>
    public virtual void OnPeriodicEmit(IWatermarkOutput output)
    {
    }

    /// <summary>Whether <see cref="OnEvent"/> ever emits; where it does not, records need not be handed over one at a time.</summary>
    internal virtual bool IsPeriodic => false;

    /// <summary>Sees the timestamps of many records at once. Only called where <see cref="IsPeriodic"/>.</summary>
    internal virtual void OnBatch(ReadOnlySpan<long> timestamps) => throw new NotSupportedException();
}

/// <summary>Watermarks that trail the greatest timestamp seen by a fixed delay and a millisecond.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class BoundedOutOfOrdernessWatermarks<T>(long delay) : WatermarkGenerator<T>
{
    private long _max = long.MinValue;

    internal override bool IsPeriodic => true;

    public override void OnEvent(in T value, long timestamp, IWatermarkOutput output) => _max = Math.Max(_max, timestamp);

    internal override void OnBatch(ReadOnlySpan<long> timestamps)
    {
        long max = _max;
        foreach (long timestamp in timestamps)
        {
            max = Math.Max(max, timestamp);
        }

        _max = max;
    }

    public override void OnPeriodicEmit(IWatermarkOutput output)
    {
        // A timestamp so early that the watermark would pass the beginning of time says nothing.
        if (_max >= long.MinValue + delay + 1 + 1)
        {
            output.EmitWatermark(_max - delay - 1);
        }
    }
}

/// <summary>Says nothing about time, ever.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal sealed class NoWatermarks<T> : WatermarkGenerator<T>
{
    internal override bool IsPeriodic => true;

    public override void OnEvent(in T value, long timestamp, IWatermarkOutput output)
    {
    }

    internal override void OnBatch(ReadOnlySpan<long> timestamps)
    {
    }
}
