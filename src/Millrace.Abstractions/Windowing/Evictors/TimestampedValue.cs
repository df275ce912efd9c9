namespace Millrace.Windowing;

/// <summary>A record of a window with its event time.</summary>
/// <typeparam name="T">The type of the record.</typeparam>
/// <param name="Value">The record.</param>
/// <param name="Timestamp">Milliseconds since 1970-01-01 UTC, or <see cref="EventTime.None"/>.</param>
public readonly record struct TimestampedValue<T>(T Value, long Timestamp);
