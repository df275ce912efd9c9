using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Serialization;

namespace Millrace.Runtime.Sources;

/// <summary>The reader's side: reads splits, and hands them to the operator.</summary>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
internal sealed class RemoteSplitReceiver<TSplit>(ISplitReceiver<TSplit> reader, TypeSerializer<TSplit> serializer) : IRemoteReader
    where TSplit : ISourceSplit
{
    public void AddSplits(IReadOnlyList<ReadOnlyMemory<byte>> splits) => reader.AddSplits([.. splits.Select(Read)]);

    public void NoMoreSplits() => reader.NoMoreSplits();

    public void AlignTo(long watermark) => reader.AlignTo(watermark);

    public void TriggerCheckpoint(CheckpointBarrier barrier) => reader.TriggerCheckpoint(barrier);

    private TSplit Read(ReadOnlyMemory<byte> split)
    {
        var input = new BinaryInput(split.Span);
        var read = serializer.Read(ref input);
        return input.Remaining == 0 ? read : throw new InvalidDataException($"{input.Remaining} bytes follow a split of type {typeof(TSplit).Name}.");
    }
}
