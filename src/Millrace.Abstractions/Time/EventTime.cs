namespace Millrace;

/// <summary>
/// Event time is a number of milliseconds since 1970-01-01 00:00 UTC, negative before it. These are its special values and conversions.
/// </summary>
public static class EventTime
{
    /// <summary>The timestamp of a record that has none.</summary>
    public const long None = long.MinValue;

    /// <summary>The watermark before any other: nothing is known about event time yet.</summary>
    public const long MinWatermark = long.MinValue;

    /// <summary>The last watermark of a bounded stream: no record follows.</summary>
    public const long MaxWatermark = long.MaxValue;

    /// <summary>Converts a moment to event time; a fraction of a millisecond is cut off towards the past.</summary>
    /// <param name="moment">Any moment, in any offset.</param>
    /// <returns>Milliseconds since 1970-01-01 UTC.</returns>
    public static long From(DateTimeOffset moment) => moment.ToUnixTimeMilliseconds();

    /// <summary>Converts event time to a moment in UTC.</summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC, between the years 1 and 9999.</param>
    /// <returns>The moment, with offset zero.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The year is not between 1 and 9999.</exception>
    public static DateTimeOffset ToDateTimeOffset(long timestamp) => DateTimeOffset.FromUnixTimeMilliseconds(timestamp);

    /// <summary>Renders event time for people: ISO 8601, or a word for the special values.</summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC.</param>
    /// <returns>For example <c>2001-01-01T00:47:00.000Z</c>, <c>none</c> or <c>end</c>.</returns>
    public static string Format(long timestamp) => timestamp switch
    {
        None => "none",
        MaxWatermark => "end",
        < -62_135_596_800_000 or > 253_402_300_799_999 => timestamp.ToString(System.Globalization.CultureInfo.InvariantCulture) + " ms",
        _ => ToDateTimeOffset(timestamp).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>A span of time in whole milliseconds.</summary>
    /// <param name="span">The span.</param>
    /// <param name="name">The parameter's name, for the error.</param>
    /// <exception cref="ArgumentException">The span is not a whole number of milliseconds.</exception>
    internal static long Milliseconds(TimeSpan span, string name)
    {
        if (span.Ticks % TimeSpan.TicksPerMillisecond != 0)
        {
            throw new ArgumentException($"{name} is {span}: event time counts in whole milliseconds. Round it.", name);
        }

        return span.Ticks / TimeSpan.TicksPerMillisecond;
    }
}
