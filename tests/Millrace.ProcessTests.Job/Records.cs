namespace Millrace.ProcessTests;

/// <summary>What the sources emit.</summary>
/// <param name="Id">Unique over both sources.</param>
/// <param name="Key">One of few.</param>
/// <param name="Time">Event time in milliseconds; out of order by less than <see cref="Disorder"/>.</param>
/// <param name="Value">What is added up.</param>
public sealed record Event(long Id, int Key, long Time, int Value)
{
    /// <summary>How many keys there are.</summary>
    public const int Keys = 23;

    /// <summary>How far an event may come behind a later one, in milliseconds.</summary>
    public const int Disorder = 200;

    private const int MillisecondsBetweenEvents = 10;

    /// <summary>The event of a position of a source. The same in every process, also for the tests, which compute results of their own from it.</summary>
    /// <param name="source">0 or 1.</param>
    /// <param name="position">From 0.</param>
    /// <returns>The event.</returns>
    public static Event At(int source, long position)
    {
        ulong mixed = (((ulong)position * 2) + (ulong)source + 1) * 0x9E3779B97F4A7C15UL;
        mixed ^= mixed >> 29;
        return new Event(
            (position * 2) + source, (int)(mixed % Keys), (position * MillisecondsBetweenEvents) + (long)(mixed / Keys % Disorder), (int)(mixed >> 40 & 0xFFFF));
    }
}

/// <summary>The events of a key in a window.</summary>
/// <param name="Key">The key.</param>
/// <param name="Start">Where the window begins, in milliseconds.</param>
/// <param name="Events">How many events.</param>
/// <param name="Sum">The sum of their values.</param>
public sealed record WindowSum(int Key, long Start, long Events, long Sum);

/// <summary>All that a key has seen up to a time.</summary>
/// <param name="Key">The key.</param>
/// <param name="Time">The time, in milliseconds.</param>
/// <param name="Events">How many events.</param>
/// <param name="Sum">The sum of their values.</param>
public sealed record RunningTotal(int Key, long Time, long Events, long Sum);
