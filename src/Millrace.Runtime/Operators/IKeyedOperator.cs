using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators;

/// <summary>An operator that keeps state by key: what checkpoints see of it. Called from the subtask.</summary>
internal interface IKeyedOperator
{
    /// <summary>How many entries of keyed state and timers there are.</summary>
    long StateEntries { get; }

    /// <summary>The name of the state backend, which is the name of its own snapshot format.</summary>
    string NativeFormat { get; }

    /// <summary>The key groups that the subtask owns.</summary>
    KeyGroupRange KeyGroupRange { get; }

    /// <summary>The values by key group that the operator has asked for by now, with their schemas.</summary>
    IReadOnlyDictionary<string, TypeSchema> AskedGroupValues { get; }

    /// <summary>Freezes the operator's keyed state and timers; O(key groups). Not while the operator is unfinished.</summary>
    FrozenKeyedState Freeze(long checkpointId);

    /// <summary>Takes canonical snapshots, of any parallelism, before the operator is opened. They are not read any more afterwards.</summary>
    void Restore(IReadOnlyList<KeyedStateReader> canonical);

    /// <summary>Takes snapshots in the format <see cref="NativeFormat"/>, of any parallelism, before the operator is opened.</summary>
    void RestoreNative(IReadOnlyList<NativeSnapshot> snapshots, NativeSnapshotSource source);

    /// <summary>A checkpoint is complete.</summary>
    void CheckpointCompleted(long checkpointId);

    /// <summary>A checkpoint has been given up.</summary>
    void CheckpointAborted(long checkpointId);
}
