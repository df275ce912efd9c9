using Millrace.Runtime.State.Operator;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing;

/// <summary>The frozen state of one operator in one subtask, on its way to the storage.</summary>
/// <param name="barrier">The checkpoint.</param>
/// <param name="uid">The operator.</param>
internal sealed class PendingOperatorSnapshot(CheckpointBarrier barrier, string uid) : IDisposable
{
    private readonly List<OperatorStateSnapshot> _operator = [];

    public CheckpointBarrier Barrier { get; } = barrier;

    public string Uid { get; } = uid;

    /// <summary>The keyed state.</summary>
    public FrozenKeyedState? Keyed { get; set; }

    /// <summary>The key groups and their number, where there is keyed state.</summary>
    public (KeyGroupRange Range, int Max, string Format) KeyGroups { get; set; }

    /// <summary>The state that belongs to no key.</summary>
    public IReadOnlyList<OperatorStateSnapshot> Operator => _operator;

    /// <summary>Whether something is waited for before the snapshot is whole.</summary>
    public bool IsDeferred { get; private set; }

    /// <summary>Adds the lists of a store, as they are now.</summary>
    public void Add(OperatorStateStore store)
    {
        if (store is OperatorStateBackend backend)
        {
            _operator.AddRange(backend.Snapshot());
        }
    }

    /// <summary>The snapshot is not whole before <see cref="Complete"/> is called, on the subtask's turn.</summary>
    public void Defer() => IsDeferred = true;

    public void Complete() => IsDeferred = false;

    public void Dispose() => Keyed?.Dispose();
}
