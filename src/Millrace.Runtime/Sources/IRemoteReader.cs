using Millrace.Runtime.Checkpointing;

namespace Millrace.Runtime.Sources;

/// <summary>
/// A reader in another process than its enumerator: on the enumerator's side what sends, on the reader's side what receives. As <see cref="ISplitReceiver{TSplit}"/>, with splits as bytes.
/// Safe to call from any thread; calls arrive in order.
/// </summary>
internal interface IRemoteReader
{
    /// <exception cref="InvalidDataException">The bytes are no split; on the reader's side.</exception>
    void AddSplits(IReadOnlyList<ReadOnlyMemory<byte>> splits);

    void NoMoreSplits();

    void AlignTo(long watermark);

    void TriggerCheckpoint(CheckpointBarrier barrier);
}
