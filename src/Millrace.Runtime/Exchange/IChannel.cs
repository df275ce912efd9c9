namespace Millrace.Runtime.Exchange;

/// <summary>The producer's end of a channel between two subtasks.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal interface IChannelSender<T>
{
    /// <summary>Sends, if there is credit. Without credit the producer is woken when there is some.</summary>
    bool TrySend(in StreamElement<T> element);
}

/// <summary>The consumer's end of a channel between two subtasks.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
internal interface IChannelReceiver<T>
{
    /// <summary>Takes the next element, if there is one, and gives its credit back. Without one the consumer is woken when there is.</summary>
    bool TryReceive(out StreamElement<T> element);
}
