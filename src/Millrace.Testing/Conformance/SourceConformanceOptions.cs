namespace Millrace.Testing;

/// <summary>What <see cref="SourceConformance"/> may expect of a source.</summary>
public sealed record SourceConformanceOptions
{
    /// <summary>The parallelisms that the source is run at.</summary>
    /// <value>Default: 1, 2 and 3.</value>
    public IReadOnlyList<int> Parallelisms { get; init; } = [1, 2, 3];

    /// <summary>Whether one subtask gives the records in the order in which they are expected.</summary>
    /// <value>Default: <see langword="true"/>.</value>
    public bool KeepsOrder { get; init; } = true;

    /// <summary>At how many places of the stream the source is stopped and restored; they are spread evenly over it.</summary>
    /// <value>Default: 25.</value>
    public int Restarts { get; init; } = 25;

    /// <summary>How long a reader that has nothing may let the kit wait, in real time.</summary>
    /// <value>Default: 10 seconds.</value>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}
