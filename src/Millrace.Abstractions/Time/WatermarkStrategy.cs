namespace Millrace;

/// <summary>How records get their event time, and how the progress of event time is known. A value: every method returns a new one.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <example>
/// <code>
/// WatermarkStrategy&lt;Order&gt;.ForBoundedOutOfOrderness(TimeSpan.FromSeconds(5))
///     .WithTimestampAssigner(order =&gt; order.CreatedAt)
///     .WithIdleness(TimeSpan.FromMinutes(1))
/// </code>
/// </example>
public sealed class WatermarkStrategy<T>
{
    private WatermarkStrategy(Func<WatermarkGenerator<T>> createGenerator)
    {
        CreateGenerator = createGenerator;
    }

    private WatermarkStrategy(WatermarkStrategy<T> other)
    {
        CreateGenerator = other.CreateGenerator;
        TimestampAssigner = other.TimestampAssigner;
        Idleness = other.Idleness;
        EmitEvery = other.EmitEvery;
        Alignment = other.Alignment;
        HasWatermarks = other.HasWatermarks;
    }

    internal Func<WatermarkGenerator<T>> CreateGenerator { get; }

    internal Func<T, long>? TimestampAssigner { get; private init; }

    internal TimeSpan? Idleness { get; private init; }

    /// <summary>After how many records a watermark is asked for; 0 = by the clock only.</summary>
    internal int EmitEvery { get; private init; }

    /// <summary>Who this source waits for; null for nobody.</summary>
    internal WatermarkAlignmentOptions? Alignment { get; private init; }

    /// <summary>Whether it says anything about time.</summary>
    internal bool HasWatermarks { get; private init; } = true;

    /// <summary>For records in order of time: the watermark is the greatest timestamp − 1 ms.</summary>
    /// <returns>The strategy.</returns>
    public static WatermarkStrategy<T> ForMonotonousTimestamps() => ForBoundedOutOfOrderness(TimeSpan.Zero);

    /// <summary>For records that are out of order by at most <paramref name="delay"/>: the watermark is the greatest timestamp − delay − 1 ms.</summary>
    /// <param name="delay">Zero or more, whole milliseconds. What comes later than this is late data.</param>
    /// <returns>The strategy.</returns>
    /// <exception cref="ArgumentException">The delay is negative or not a whole number of milliseconds.</exception>
    public static WatermarkStrategy<T> ForBoundedOutOfOrderness(TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        long milliseconds = EventTime.Milliseconds(delay, nameof(delay));
        return new(() => new BoundedOutOfOrdernessWatermarks<T>(milliseconds));
    }

    /// <summary>No watermarks: event-time windows and timers fire only at the end of a bounded input.</summary>
    /// <returns>The strategy.</returns>
    public static WatermarkStrategy<T> NoWatermarks() => new(() => new NoWatermarks<T>()) { HasWatermarks = false };

    /// <summary>Watermarks by a generator of your own.</summary>
    /// <param name="createGenerator">Makes a generator; called once per split.</param>
    /// <returns>The strategy.</returns>
    public static WatermarkStrategy<T> ForGenerator(Func<WatermarkGenerator<T>> createGenerator)
    {
        ArgumentNullException.ThrowIfNull(createGenerator);
        return new(createGenerator);
    }

    /// <summary>Says what a record's event time is. Without it the source's own timestamps are used.</summary>
    /// <param name="assigner">Gives milliseconds since 1970-01-01 UTC.</param>
    /// <returns>The new strategy.</returns>
    public WatermarkStrategy<T> WithTimestampAssigner(Func<T, long> assigner)
    {
        ArgumentNullException.ThrowIfNull(assigner);
        return new(this) { TimestampAssigner = assigner };
    }

    /// <summary>Says what a record's event time is. Without it the source's own timestamps are used.</summary>
    /// <param name="assigner">Gives the moment, in any offset.</param>
    /// <returns>The new strategy.</returns>
    public WatermarkStrategy<T> WithTimestampAssigner(Func<T, DateTimeOffset> assigner)
    {
        ArgumentNullException.ThrowIfNull(assigner);
        return new(this) { TimestampAssigner = value => EventTime.From(assigner(value)) };
    }

    /// <summary>After how long without a record a split counts as idle, so that others do not wait for its watermark.</summary>
    /// <param name="timeout">Positive. The clock stands still while the split cannot emit because of backpressure.</param>
    /// <returns>The new strategy.</returns>
    public WatermarkStrategy<T> WithIdleness(TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero);
        return new(this) { Idleness = timeout };
    }

    /// <summary>
    /// Emits the watermark after every <paramref name="records"/> records of a split rather than by the clock. Which records are late then no longer
    /// depends on how fast the job runs. Costs throughput when the number is small.
    /// </summary>
    /// <param name="records">At least 1.</param>
    /// <returns>The new strategy.</returns>
    public WatermarkStrategy<T> WithWatermarkEvery(int records)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(records, 1);
        return new(this) { EmitEvery = records };
    }

    /// <summary>
    /// Has the sources of a group wait for each other: none reads on while its watermark is ahead of the slowest one of the group by more than <paramref name="maxDrift"/>. It bounds
    /// what joins and windows must keep for sources that are read at different speeds.
    /// </summary>
    /// <param name="group">A name; sources of the same job with the same name wait for each other, and so do the subtasks and splits of one source.</param>
    /// <param name="maxDrift">How far one may be ahead. Zero or more, whole milliseconds. What is read between two watermarks and between two looks at the others comes on top.</param>
    /// <param name="updateInterval">How often each looks at the others. Positive, whole milliseconds; default: 1 s, as in Flink.</param>
    /// <returns>The new strategy.</returns>
    /// <remarks>
    /// Nobody waits for a source that is idle, has ended or has said nothing about time yet: one that may be silent needs <see cref="WithIdleness"/>, or those ahead of it stand still with it. Splits of
    /// one reader wait for each other where the reader can pause them (<c>SourceReader.PauseOrResumeSplits</c>). Only for sources.
    /// </remarks>
    /// <exception cref="ArgumentException">The name is empty, or a time is negative or not a whole number of milliseconds.</exception>
    public WatermarkStrategy<T> WithWatermarkAlignment(string group, TimeSpan maxDrift, TimeSpan? updateInterval = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(group);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDrift, TimeSpan.Zero);
        var interval = updateInterval ?? TimeSpan.FromSeconds(1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero, nameof(updateInterval));
        return new(this)
        {
            Alignment = new WatermarkAlignmentOptions(group, EventTime.Milliseconds(maxDrift, nameof(maxDrift)), EventTime.Milliseconds(interval, nameof(updateInterval))),
        };
    }
}
