namespace Millrace;

/// <summary>How few and how many subtasks a task may have, whatever sizes the job: a default parallelism, a rescale, workers that come and go, or load.</summary>
/// <param name="Min">The fewest; at least 1.</param>
/// <param name="Max">The most; at least <paramref name="Min"/>, and at most the key groups of the task's operators.</param>
public readonly record struct ParallelismBounds(int Min, int Max)
{
    /// <summary>The number within the bounds that is nearest to one.</summary>
    /// <param name="parallelism">A number of subtasks.</param>
    /// <returns>A number from <see cref="Min"/> to <see cref="Max"/>.</returns>
    public int Clamp(int parallelism) => Math.Clamp(parallelism, Min, Max);

    /// <summary>For messages: <c>2 to 8</c>, or one number where both are the same.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Min == Max ? $"{Min}" : $"{Min} to {Max}";
}
