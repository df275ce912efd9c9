using Millrace.Runtime.Checkpointing;

namespace Millrace.Runtime.Exchange;

/// <summary>Deals records that were in flight out to the consumers that there are now: by key where the edge is keyed, else channel by channel.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="consumers">How many consumers there are now.</param>
/// <param name="createPartitioner">Makes the partitioner of a keyed edge; null for others, where it does not matter who gets a record.</param>
/// <param name="options">The job's options.</param>
internal sealed class InFlightRoute<T>(int consumers, Func<Partitioner<T>>? createPartitioner, ExecutionOptions options)
{
    /// <summary>The number of a channel: both recordings of one channel go the same way.</summary>
    public static int NumberOf(ChannelSnapshot channel) => (channel.Producer * 31) + channel.Consumer;

    /// <summary>The part of one consumer.</summary>
    /// <param name="elements">What was in flight in one channel. Watermarks are left out: they spoke of a channel that there is no more.</param>
    /// <param name="channel">The number of the channel among all that had something in flight.</param>
    /// <param name="consumer">The consumer.</param>
    public IReadOnlyList<StreamElement<T>> Select(IReadOnlyList<StreamElement<T>> elements, int channel, int consumer)
    {
        var batches = elements.Where(element => element.Batch is not null).ToList();
        if (createPartitioner is null)
        {
            return channel % consumers == consumer ? batches : [];
        }

        var sinks = Enumerable.Range(0, consumers).Select(_ => new Gathered()).ToArray();
        var output = new ExchangeOutput<T>(createPartitioner(), [.. sinks], new TaskPressure(), options);
        foreach (var element in batches)
        {
            // In batches of this run's size, which is what the exchange takes.
            for (int start = 0; start < element.Batch!.Count; start += options.BatchSize)
            {
                var part = BatchPool<T>.Rent(options.BatchSize);
                part.Append(element.Batch, start, Math.Min(options.BatchSize, element.Batch.Count - start));
                output.Receive(part);
            }
        }

        output.Flush();
        return sinks[consumer].Elements;
    }

    private sealed class Gathered : IChannelSender<T>
    {
        public List<StreamElement<T>> Elements { get; } = [];

        public bool TrySend(in StreamElement<T> element)
        {
            Elements.Add(element);
            return true;
        }

        public void Announce(CheckpointBarrier barrier) => throw new NotSupportedException("Nothing is announced to what is gathered.");
    }
}
