using Millrace.Runtime.Checkpointing;

namespace Millrace.Runtime.Exchange;

/// <summary>The producer's end of a channel between two subtasks.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal interface IChannelSender<T>
{
    /// <summary>Sends, if there is credit. Without credit the producer is woken when there is some.</summary>
    bool TrySend(in StreamElement<T> element);

    /// <summary>
    /// Tells the consumer, past everything that it has not taken yet, that a barrier stands behind what has been sent so far. Needs no credit.
    /// </summary>
    void Announce(CheckpointBarrier barrier);
}

/// <summary>The consumer's end of a channel between two subtasks.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal interface IChannelReceiver<T>
{
    /// <summary>How many elements have been taken.</summary>
    long Taken { get; }

    /// <summary>Takes the next element, if there is one, and gives its credit back. Without one the consumer is woken when there is.</summary>
    bool TryReceive(out StreamElement<T> element);

    /// <summary>Has announced barriers told to somebody, on the consumer's own turn.</summary>
    void OnAnnounced(Action<BarrierAnnouncement> announced);

    /// <summary>Shows what has arrived and not been taken, oldest first. Batches still belong to the channel.</summary>
    /// <param name="visit">Called with each element and its number; ends the walk by returning false.</param>
    void Peek(Func<long, StreamElement<T>, bool> visit);
}

/// <summary>A barrier that overtakes, or may.</summary>
/// <param name="Barrier">The barrier.</param>
/// <param name="Position">How many elements of the channel are before it.</param>
internal readonly record struct BarrierAnnouncement(CheckpointBarrier Barrier, long Position);
