namespace Millrace.Rest;

/// <summary>How many subtasks a task may have.</summary>
internal sealed record TaskRequirements(ParallelismRange? Parallelism);

/// <summary>Flink's words for <see cref="ParallelismBounds"/>.</summary>
internal sealed record ParallelismRange(int LowerBound, int UpperBound);
