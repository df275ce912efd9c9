using System.Buffers;
using Millrace.Connectors;
using Millrace.Runtime.Checkpointing;
using Millrace.Serialization;

namespace Millrace.Runtime.Sources;

/// <summary>The enumerator's side of a reader in another process: writes splits as bytes.</summary>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
internal sealed class RemoteSplitSender<TSplit>(IRemoteReader reader, TypeSerializer<TSplit> serializer) : ISplitReceiver<TSplit>
    where TSplit : ISourceSplit
{
    public void AddSplits(IReadOnlyList<TSplit> splits) => reader.AddSplits([.. splits.Select(Write)]);

    public void NoMoreSplits() => reader.NoMoreSplits();

    public void AlignTo(long watermark) => reader.AlignTo(watermark);

    public void TriggerCheckpoint(CheckpointBarrier barrier) => reader.TriggerCheckpoint(barrier);

    private ReadOnlyMemory<byte> Write(TSplit split)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        serializer.Write(ref output, in split);
        output.Flush();
        return buffer.WrittenMemory;
    }
}

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
