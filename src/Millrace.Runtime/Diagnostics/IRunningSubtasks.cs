using Millrace.Runtime.Graph;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Diagnostics;

/// <summary>Subtasks of a job that run in this process: those of a job that is embedded, or a worker's share of one that is distributed. Safe to read from any thread.</summary>
internal interface IRunningSubtasks
{
    /// <summary>The graph that they are of. Not asked for while there are none.</summary>
    JobGraph Job { get; }

    /// <summary>The subtasks, of the latest attempts.</summary>
    IReadOnlyDictionary<SubtaskId, Subtask> Subtasks { get; }

    /// <summary>The time, in milliseconds, by a clock that does not jump.</summary>
    long Now { get; }
}
