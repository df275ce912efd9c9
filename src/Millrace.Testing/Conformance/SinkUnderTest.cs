using Millrace.Connectors;

namespace Millrace.Testing;

/// <summary>A sink and the place that it writes to, empty at the beginning.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="CreateSink">Makes the sink, anew for every attempt of the job; all write to the same place.</param>
/// <param name="ReadVisible">Reads what readers of the place see at the moment.</param>
public sealed record SinkUnderTest<T>(Func<Sink<T>> CreateSink, Func<IEnumerable<T>> ReadVisible);

/// <summary>How much <see cref="SinkConformance"/> tries.</summary>
public sealed record SinkConformanceOptions
{
    /// <summary>How many random lives of a job are played.</summary>
    /// <value>Default: 50. At least 1.</value>
    public int Seeds { get; init; } = 50;

    /// <summary>The seed of the first one: to repeat one, its seed, with <see cref="Seeds"/> 1.</summary>
    /// <value>Default: 1.</value>
    public int FirstSeed { get; init; } = 1;

    /// <summary>The greatest parallelism.</summary>
    /// <value>Default: 3. At least 1.</value>
    public int MaxParallelism { get; init; } = 3;

    /// <summary>Whether the sink may show records later than when their checkpoint is committed, as one that gathers them does. At the end of the input it must show them all.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool MayHoldBack { get; init; }

    /// <summary>The clock of the sink.</summary>
    /// <value>Default: the system's.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
