using Millrace.Runtime.State.Operator;
using Millrace.Runtime.State.Snapshots;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing;

/// <summary>The state that one operator in one subtask begins with.</summary>
/// <param name="CheckpointId">The checkpoint that it comes from.</param>
/// <param name="Format">The format of the keyed state.</param>
/// <param name="Keyed">The keyed state of all subtasks of then whose key groups the subtask owns now.</param>
/// <param name="Operator">What has been dealt out to the subtask.</param>
/// <param name="Files">Opens files.</param>
/// <param name="IsSameParallelism">Whether the subtask is what it was: lists are its own.</param>
internal sealed record OperatorRestore(
    long CheckpointId, string Format, IReadOnlyList<KeyedStateHandle> Keyed, IReadOnlyList<OperatorStateSnapshot> Operator, IRestoreFiles? Files, bool IsSameParallelism)
{
    public void Into(OperatorStateStore store)
    {
        if (store is OperatorStateBackend backend)
        {
            backend.Restore(Operator);
        }
    }
}

/// <summary>Opens the files of a checkpoint.</summary>
internal interface IRestoreFiles
{
    /// <summary>Opens keyed state in the canonical format. The reader verifies checksums as it reads; it is disposed of by whoever asks.</summary>
    CanonicalStateReader OpenCanonical(StateFile file);

    /// <summary>All bytes of a small file, verified.</summary>
    ReadOnlyMemory<byte> ReadAll(StateFile file);

    /// <summary>Gives files to a backend that reads its own format.</summary>
    NativeSnapshotSource Native { get; }
}
