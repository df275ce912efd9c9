using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Operators;
using Millrace.Runtime.State.Operator;
using Millrace.Runtime.State.Snapshots;

namespace Millrace.Testing;

/// <summary>The keyed state, timers and operator state of an operator, over all its subtasks, as bytes.</summary>
public sealed class OperatorSnapshot
{
    // By subtask.
    private readonly IReadOnlyList<MemoryKeyedState> _keyed;
    private readonly IReadOnlyList<IReadOnlyList<OperatorStateSnapshot>> _lists;

    private OperatorSnapshot(IReadOnlyList<MemoryKeyedState> keyed, IReadOnlyList<IReadOnlyList<OperatorStateSnapshot>> lists)
    {
        _keyed = keyed;
        _lists = lists;
    }

    /// <summary>How many bytes the entries of keyed state have.</summary>
    public long Size => _keyed.Sum(state => state.Size);

    /// <summary>Takes the state of all subtasks, as a checkpoint does.</summary>
    internal static OperatorSnapshot Take(IEnumerable<StreamOperator> subtasks, long checkpointId)
    {
        var barrier = CheckpointBarrier.Rehearsal with { CheckpointId = checkpointId };
        var keyed = new List<MemoryKeyedState>();
        var lists = new List<IReadOnlyList<OperatorStateSnapshot>>();
        foreach (var op in subtasks)
        {
            var pending = new PendingOperatorSnapshot(barrier, op.Context.OperatorUid);
            op.Snapshot(pending);
            lists.Add(pending.Operator);
            if (pending.Keyed is { } frozen)
            {
                keyed.Add(MemoryKeyedState.Of(frozen, op.Context.MaxParallelism));
            }
        }

        return new OperatorSnapshot(keyed, lists);
    }

    /// <summary>Deals the state out to the subtasks, before they are opened.</summary>
    internal void Restore(IReadOnlyList<StreamOperator> subtasks)
    {
        var lists = OperatorStateRedistribution.Distribute(_lists, subtasks.Count);
        for (int i = 0; i < subtasks.Count; i++)
        {
            ((OperatorStateBackend)subtasks[i].Context.OperatorState).Restore(lists[i]);
            (subtasks[i] as IKeyedOperator)?.Restore(_keyed);
        }
    }
}
