namespace Millrace.Testing;

/// <summary>What a split of a <see cref="ScriptedSource{T}"/> does, step by step. Methods add a step and return the script.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <example><code>new Script&lt;int&gt;().Record(1, 100).Watermark(100).Wait(TimeSpan.FromSeconds(5)).Idle().Fail(new IOException("gone"))</code></example>
public sealed class Script<T>
{
    internal List<Step> Steps { get; } = [];

    /// <summary>Emits a record.</summary>
    /// <param name="value">The record.</param>
    /// <param name="timestamp">Its event time in milliseconds since 1970-01-01 UTC.</param>
    /// <returns>This script.</returns>
    public Script<T> Record(T value, long timestamp = EventTime.None) => Add(new Step.Emit(value, timestamp));

    /// <summary>Emits a watermark.</summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC.</param>
    /// <returns>This script.</returns>
    public Script<T> Watermark(long timestamp) => Add(new Step.EmitWatermark(timestamp));

    /// <summary>Marks the split idle until its next record.</summary>
    /// <returns>This script.</returns>
    public Script<T> Idle() => Add(new Step.MarkIdle());

    /// <summary>Emits nothing for a while.</summary>
    /// <param name="time">How long, by the job's clock.</param>
    /// <returns>This script.</returns>
    public Script<T> Wait(TimeSpan time) => Add(new Step.Pause(time));

    /// <summary>Emits nothing more, and never ends: the job must be cancelled.</summary>
    /// <returns>This script.</returns>
    public Script<T> Hang() => Add(new Step.Pause(Timeout.InfiniteTimeSpan));

    /// <summary>Throws.</summary>
    /// <param name="error">The error.</param>
    /// <returns>This script.</returns>
    public Script<T> Fail(Exception error) => Add(new Step.Throw(error));

    private Script<T> Add(Step step)
    {
        Steps.Add(step);
        return this;
    }

    internal abstract record Step
    {
        public sealed record Emit(T Value, long Timestamp) : Step;

        public sealed record EmitWatermark(long Timestamp) : Step;

        public sealed record MarkIdle : Step;

        public sealed record Pause(TimeSpan Time) : Step;

        public sealed record Throw(Exception Error) : Step;
    }
}
