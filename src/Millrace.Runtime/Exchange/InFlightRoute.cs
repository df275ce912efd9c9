using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Graph;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;

namespace Millrace.Runtime.Exchange;

/// <summary>
/// Reads records that were in flight as the program of then wrote them, and deals them out to the consumers that there are now: as the partitioner says where it looks at the
/// records, to all where the edge is broadcast, else channel by channel.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="description">Which stream this is, for messages.</param>
/// <param name="kind">How records are dealt out now.</param>
/// <param name="consumers">How many consumers there are now.</param>
/// <param name="createPartitioner">Makes the partitioner of an edge whose partitioner looks at the records.</param>
/// <param name="options">The job's options.</param>
/// <param name="serializers">Gives the serializer of today.</param>
internal sealed class InFlightRoute<T>(
    string description, PartitioningKind kind, int consumers, Func<Partitioner<T>> createPartitioner, ExecutionOptions options, ISerializerProvider serializers)
{
    /// <summary>The number of a channel: both recordings of one channel go the same way.</summary>
    public static int NumberOf(ChannelSnapshot channel) => (channel.Producer * 31) + channel.Consumer;

    /// <summary>What was in flight in a channel.</summary>
    /// <exception cref="StateIncompatibleException">The type of the records has changed in a way that cannot be migrated.</exception>
    /// <exception cref="MillraceException">The file is damaged.</exception>
    public List<StreamElement<T>> Read(InFlightSnapshot snapshot)
    {
        var serializer = SerializerFor(snapshot.Channel.Format);
        var bytes = snapshot.Read();
        try
        {
            return ChannelRecording<T>.Read(bytes.Span, snapshot.Channel.Elements, serializer);
        }
        catch (Exception cause) when (cause is not (MillraceException or OutOfMemoryException))
        {
            // The bytes are those that were written, or their checksum would have said so: another attempt would find them the same.
            throw RestoreErrors.InFlightUnreadable(description, typeof(T), snapshot.Channel.Format, cause);
        }
    }

    /// <summary>The part of one consumer.</summary>
    /// <param name="elements">What was in flight in one channel. Watermarks are left out: they spoke of a channel that there is no more.</param>
    /// <param name="channel">The number of the channel among all that had something in flight.</param>
    /// <param name="consumer">The consumer.</param>
    public IReadOnlyList<StreamElement<T>> Select(IReadOnlyList<StreamElement<T>> elements, int channel, int consumer)
    {
        var batches = elements.Where(element => element.Batch is not null).ToList();
        if (!kind.LooksAtRecords())
        {
            bool isMine = kind switch
            {
                PartitioningKind.Broadcast => true,
                PartitioningKind.Global => consumer == 0,
                _ => channel % consumers == consumer,
            };
            return isMine ? batches : [];
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

    private TypeSerializer<T> SerializerFor(InFlightFormat? written)
    {
        var today = serializers.Get<T>();
        try
        {
            return written is null ? today : today.ForReading(written.Records);
        }
        catch (StateIncompatibleException cause)
        {
            throw RestoreErrors.InFlightIncompatible(description, cause);
        }
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
