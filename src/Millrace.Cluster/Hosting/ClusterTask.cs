namespace Millrace.Hosting;

/// <summary>A task of a job (operators that are fused) and what it did within the last seconds. All rates are 0 while they cannot be told: right after a start, and when parts of the job are made anew or have ended.</summary>
/// <param name="Name">The names of its operators.</param>
/// <param name="Parallelism">How many subtasks it has.</param>
/// <param name="RecordsInPerSecond">Records that all subtasks took in; of a source, that they read.</param>
/// <param name="RecordsOutPerSecond">Records that all subtasks sent.</param>
/// <param name="BusyTimeMsPerSecond">How many milliseconds of a second its busiest subtask worked.</param>
/// <param name="BackPressuredTimeMsPerSecond">How many milliseconds of a second the subtask that waited most for consumers waited.</param>
/// <param name="Watermark">The least watermark that its subtasks have handed on, in milliseconds since 1970-01-01 UTC; <see langword="null"/> before the first.</param>
public sealed record ClusterTask(
    string Name, int Parallelism, double RecordsInPerSecond, double RecordsOutPerSecond, double BusyTimeMsPerSecond, double BackPressuredTimeMsPerSecond, long? Watermark)
{
    /// <summary>How few and how many subtasks it may have: by <see cref="IMillraceCluster.SetParallelismBoundsAsync"/>, else by what the program says, else 1 to its max parallelism.</summary>
    public ParallelismBounds Bounds { get; init; }

    /// <summary>Of a source: how many records it could read and has not read, in all its readers and in splits that no reader has yet; an estimate where records have no fixed size. <see langword="null"/> where it does not know, and of other tasks.</summary>
    public long? PendingRecords { get; init; }
}
