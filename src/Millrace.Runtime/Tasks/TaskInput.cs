using Millrace.Runtime.Checkpointing;

namespace Millrace.Runtime.Tasks;

/// <summary>What a poll of an input did.</summary>
internal enum InputStatus
{
    /// <summary>Something was processed.</summary>
    Progress,

    /// <summary>There is nothing now; the subtask will be woken.</summary>
    Empty,

    /// <summary>The input has ended, and its end was processed.</summary>
    Ended,
}

/// <summary>Where a task gets its elements from.</summary>
internal abstract class TaskInput
{
    /// <summary>Processes the next piece of input: about a batch, or one control element.</summary>
    public abstract InputStatus Poll();

    /// <summary>Whether nothing at all can come any more, not even a barrier.</summary>
    public virtual bool IsClosed => false;

    /// <summary>Puts what was in flight in a checkpoint in front of everything else. Before the first poll, not on the subtask's turn.</summary>
    public virtual void RestoreInFlight(IReadOnlyList<InFlightSnapshot> snapshots)
    {
    }
}

/// <summary>What was in flight in one channel.</summary>
/// <param name="Channel">The channel of then.</param>
/// <param name="IsSameChannel">Whether the channel is what it was: the edge has the producers and consumers that it had, and deals records out as it did.</param>
/// <param name="Read">Reads the elements.</param>
internal sealed record InFlightSnapshot(ChannelSnapshot Channel, bool IsSameChannel, Func<ReadOnlyMemory<byte>> Read);
