namespace Millrace.Nexmark.Generator;

/// <summary>What events there are. Two generators with equal options make equal events.</summary>
internal sealed record GeneratorOptions
{
    /// <summary>How many events.</summary>
    public long Events { get; init; } = 1_000_000;

    /// <summary>Which of all possible worlds.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How many events there are in a second of event time.</summary>
    public double EventsPerSecond { get; init; } = 10_000_000;

    /// <summary>How many events to emit in a second by the clock; null for as many as there can be.</summary>
    public double? Tps { get; init; }

    /// <summary>Within groups of so many, events come in another order than that of their times. 1: in order.</summary>
    public int OutOfOrderGroup { get; init; } = 1;

    /// <summary>The time of the first event, in milliseconds since 1970: 2015-07-15 00:00:00 UTC.</summary>
    public long BaseTime { get; init; } = 1_436_918_400_000;

    /// <summary>How many streams of events can be read side by side: the most subtasks of a source that have something to do. The events do not depend on it.</summary>
    public int Lanes { get; init; } = 8;
}
