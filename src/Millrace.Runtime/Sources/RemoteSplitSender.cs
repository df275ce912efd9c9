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
