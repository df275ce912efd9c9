using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Exchange;

/// <summary>Identifies a channel within a job.</summary>
/// <param name="Edge">The edge of the job graph.</param>
/// <param name="Producer">The producing subtask.</param>
/// <param name="Consumer">The consuming subtask.</param>
internal readonly record struct ChannelId(int Edge, int Producer, int Consumer);

/// <summary>Makes channels: inside the process, or over a connection where the other subtask lives on another worker.</summary>
internal interface IChannelFactory
{
    /// <summary>Opens this worker's ends of a channel.</summary>
    /// <param name="id">The channel.</param>
    /// <param name="producer">The producing subtask, if it lives here.</param>
    /// <param name="consumer">The consuming subtask, if it lives here.</param>
    /// <returns>The ends that belong to subtasks that live here.</returns>
    (IChannelSender<T>? Sender, IChannelReceiver<T>? Receiver) Open<T>(ChannelId id, Subtask? producer, Subtask? consumer);
}

/// <summary>Makes channels between subtasks of one process.</summary>
internal sealed class LocalChannelFactory(int capacity) : IChannelFactory
{
    public (IChannelSender<T>? Sender, IChannelReceiver<T>? Receiver) Open<T>(ChannelId id, Subtask? producer, Subtask? consumer)
    {
        if (producer is null || consumer is null)
        {
            throw new ArgumentException($"Channel {id} has an end outside this process.");
        }

        var channel = new LocalChannel<T>(capacity, producer, consumer, consumer.Mailbox);
        return (channel, channel);
    }
}
