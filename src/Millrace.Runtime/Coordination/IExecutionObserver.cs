namespace Millrace.Runtime.Coordination;

/// <summary>Whoever decides about the parallelism of a job hears here how an execution of it fares. Called on the job's turn; must not block.</summary>
internal interface IExecutionObserver
{
    /// <summary>All subtasks run, after they were deployed or a part of them was again.</summary>
    void AllRunning();

    void CheckpointCompleted();

    void CheckpointFailed();
}
