namespace Millrace.Nexmark.Running;

/// <summary>What a run of a query has given. What was not measured is null.</summary>
/// <param name="Query">The query.</param>
/// <param name="Parallelism">Subtasks of every operator.</param>
/// <param name="Backend">The state backend.</param>
/// <param name="Events">How many events.</param>
/// <param name="Seconds">By the clock.</param>
/// <param name="EventsPerSecond">Events by the clock.</param>
/// <param name="Cores">Processor time by the clock: how many cores were busy.</param>
/// <param name="EventsPerSecondPerCore">Events by processor time.</param>
/// <param name="HandWrittenEventsPerSecondPerCore">What a loop over the same events does.</param>
/// <param name="AllocatedBytesPerEvent">By the whole process, the generator and the query's own functions included.</param>
/// <param name="MaxGcPauseMs">The longest pause of the garbage collector.</param>
/// <param name="PeakMemoryMb">The most memory that the process has had.</param>
/// <param name="LatencyP50Ms">Half of the results came at most so long after their event was due.</param>
/// <param name="LatencyP99Ms">99 of 100.</param>
/// <param name="LatencyP999Ms">999 of 1000.</param>
internal sealed record Figures(
    string Query,
    int Parallelism,
    string Backend,
    long Events,
    double Seconds,
    double EventsPerSecond,
    double Cores,
    double EventsPerSecondPerCore,
    double? HandWrittenEventsPerSecondPerCore,
    double AllocatedBytesPerEvent,
    double MaxGcPauseMs,
    double PeakMemoryMb,
    double? LatencyP50Ms,
    double? LatencyP99Ms,
    double? LatencyP999Ms)
{
    /// <summary>How fast events are made into an array, of which nothing comes: what the query and its loop have in common.</summary>
    public double? GeneratorEventsPerSecondPerCore { get; init; }

    /// <summary>The engine's speed as a part of the loop's, the generator included.</summary>
    public double? Ratio => EventsPerSecondPerCore / HandWrittenEventsPerSecondPerCore;

    /// <summary>The same without the generator: how long the loop works on an event that is there, as a part of how long the engine does.</summary>
    public double? NetRatio => ((1 / HandWrittenEventsPerSecondPerCore) - (1 / GeneratorEventsPerSecondPerCore)) / ((1 / EventsPerSecondPerCore) - (1 / GeneratorEventsPerSecondPerCore));

    /// <summary>How many results there were.</summary>
    public long Results { get; init; }

    /// <summary>All pauses of the garbage collector together.</summary>
    public double TotalGcPauseMs { get; init; }

    /// <summary>How long each checkpoint took.</summary>
    public IReadOnlyList<double> CheckpointMs { get; init; } = [];
}
