using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>The coordinator's hand on a subtask, in this process or on another worker. What comes of an order is told to the listener of the deployment. Safe to call from any thread.</summary>
internal interface ISubtaskHandle
{
    SubtaskId Id { get; }

    /// <summary>For people: task name and index.</summary>
    string Description { get; }

    /// <summary>Ends the subtask as soon as it looks.</summary>
    void Cancel();

    /// <summary>Ends the subtask as if its input had.</summary>
    void Finish();

    /// <summary>Has a source end its input.</summary>
    void Drain();

    /// <summary>Begins a checkpoint at the subtask.</summary>
    void Trigger(CheckpointBarrier barrier);

    void CheckpointCompleted(long checkpointId);

    void CheckpointAborted(long checkpointId);

    /// <summary>The subtask does not end: its thread is given up.</summary>
    /// <returns>Where it is, for people.</returns>
    string Abandon();
}
