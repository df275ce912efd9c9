using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;

namespace Millrace.Testing;

/// <summary>The keyed state and timers of an operator, over all its subtasks, as bytes.</summary>
public sealed class OperatorSnapshot
{
    internal OperatorSnapshot(IReadOnlyList<byte[]> subtasks)
    {
        Subtasks = subtasks;
    }

    internal IReadOnlyList<byte[]> Subtasks { get; }

    /// <summary>How many bytes the snapshot has.</summary>
    public long Size => Subtasks.Sum(bytes => (long)bytes.Length);

    internal static OperatorSnapshot Of(IEnumerable<FrozenKeyedState> frozen) =>
        new([.. frozen.Select(state => KeyedStateSnapshotFormat.ToBytes(state.Write()))]);

    internal IReadOnlyList<KeyedStateSnapshot> Decode() =>
        [.. Subtasks.Select((bytes, index) => KeyedStateSnapshotFormat.Read(bytes, $"subtask {index} of an operator snapshot"))];
}
