namespace Millrace.Runtime.Tasks;

/// <summary>Identifies a subtask within an execution of a job.</summary>
/// <param name="Vertex">The task, by its place in the job graph.</param>
/// <param name="Index">Which of the task's subtasks.</param>
/// <remarks>A class, because it is the key of many collections: their code for references is compiled already when a process starts.</remarks>
internal sealed record SubtaskId(int Vertex, int Index);

/// <summary>The states of a subtask, as in Apache Flink.</summary>
internal enum SubtaskState
{
    /// <summary>Planned.</summary>
    Created,

    /// <summary>Has a place to run.</summary>
    Scheduled,

    /// <summary>Is being set up on its worker.</summary>
    Deploying,

    /// <summary>Restores state and opens its functions.</summary>
    Initializing,

    /// <summary>Processes.</summary>
    Running,

    /// <summary>Ended with its input.</summary>
    Finished,

    /// <summary>Has been told to stop.</summary>
    Canceling,

    /// <summary>Stopped because it was told to.</summary>
    Canceled,

    /// <summary>Stopped because of an error.</summary>
    Failed,
}

/// <summary>Hears how subtasks fare. Called from the subtasks' threads.</summary>
internal interface ISubtaskListener
{
    /// <param name="subtask">The subtask.</param>
    /// <param name="state">The state it is in now.</param>
    /// <param name="error">What went wrong. With <see cref="SubtaskState.Canceling"/>: the subtask has failed and is closing its functions.</param>
    void SubtaskChanged(SubtaskId subtask, SubtaskState state, Exception? error);
}
