namespace Millrace;

/// <summary>A function that keeps state of its own (<see cref="RuntimeContext.OperatorState"/>) and wants to bring it up to date before it is written.</summary>
public interface ICheckpointedFunction
{
    /// <summary>Called at every barrier, between two records: what is in the state when it returns is part of the checkpoint.</summary>
    /// <param name="checkpointId">The checkpoint.</param>
    void SnapshotState(long checkpointId);
}

/// <summary>A function that wants to hear how checkpoints end. Calls come between two records; after a failure some may never come.</summary>
public interface ICheckpointListener
{
    /// <summary>A checkpoint that the subtask took part in is complete: it, or a later one, is what a restore goes back to.</summary>
    /// <param name="checkpointId">The checkpoint.</param>
    void CheckpointCompleted(long checkpointId);

    /// <summary>A checkpoint has been given up. Its state is not lost: it is part of the next.</summary>
    /// <param name="checkpointId">The checkpoint.</param>
    void CheckpointAborted(long checkpointId)
    {
    }
}
