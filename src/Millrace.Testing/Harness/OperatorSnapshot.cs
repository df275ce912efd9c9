using Millrace.Runtime.State.Operator;
using Millrace.Runtime.State.Snapshots;

namespace Millrace.Testing;

/// <summary>The keyed state and timers of an operator, over all its subtasks, as bytes.</summary>
public sealed class OperatorSnapshot
{
    internal OperatorSnapshot(IReadOnlyList<MemoryKeyedState> subtasks)
    {
        Subtasks = subtasks;
    }

    /// <summary>How many bytes the entries have.</summary>
    public long Size => Subtasks.Sum(state => state.Size);

    internal IReadOnlyList<MemoryKeyedState> Subtasks { get; }

    /// <summary>State that belongs to no key, by subtask.</summary>
    internal IReadOnlyList<IReadOnlyList<OperatorStateSnapshot>> OperatorState { get; init; } = [];
}
