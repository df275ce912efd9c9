namespace Millrace.Nexmark.Queries;

/// <summary>What the statistics of several queries have in common.</summary>
internal static class Days
{
    private const long MillisecondsPerDay = 86_400_000;
    public const long MillisecondsPerMinute = 60_000;
    private const long MinutesPerDay = 1440;

    /// <summary>The day of a time, counted from 1970.</summary>
    public static long Of(long time) => time / MillisecondsPerDay;

    /// <summary>The minute within the day.</summary>
    public static int MinuteOf(long time) => (int)(time / MillisecondsPerMinute % MinutesPerDay);

    /// <summary>The range of prices that a price is in: below 10,000, below 1,000,000, or more.</summary>
    public static int RankOf(long price) => price switch
    {
        < 10_000 => 1,
        < 1_000_000 => 2,
        _ => 3,
    };
}
