using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Operator;
using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.StateProcessing;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>A state of an operator in a savepoint or checkpoint.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Schema">How values were written.</param>
/// <param name="Keyed">All that is known of it, where it is keyed.</param>
/// <param name="Parts">Its elements, where it is a list or a broadcast state.</param>
internal sealed record SavedState(string Name, SavepointStateKind Kind, TypeSchema Schema, StateHeader? Keyed, IReadOnlyList<OperatorStateSnapshot> Parts)
{
    private static readonly TypeSchema None = TypeSchema.Scalar("void");

    /// <summary>The lists and broadcast states of an operator; one that was written with several schemas occurs several times.</summary>
    public static IEnumerable<SavedState> ListsOf(OperatorManifest op) => op.Subtasks.SelectMany(subtask => subtask.Operator)
        .GroupBy(part => (part.Name, part.Redistribution, part.Schema))
        .Select(group => new SavedState(group.Key.Name, KindOf(group.Key.Redistribution), group.Key.Schema, null, [.. group]));

    /// <summary>The keyed states of an operator that have entries: a restore does not see others.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="files">Opens its files.</param>
    /// <param name="backend">The job's backend.</param>
    /// <returns>The states; null where they are in the format of a backend that does not say which they are.</returns>
    public static IReadOnlyList<SavedState>? KeyedOf(OperatorManifest op, IRestoreFiles files, StateBackend backend)
    {
        var headers = new List<StateHeader>();
        foreach (var handle in op.Subtasks.Select(subtask => subtask.Keyed).OfType<KeyedStateHandle>())
        {
            if (handle.Format == KeyedStateHandle.Canonical)
            {
                using var snapshot = files.OpenCanonical(handle.Files[0]);
                headers.AddRange(snapshot.States.Where(state => snapshot.PartsOf(state).Any(part => part.Count > 0)));
                continue;
            }

            var values = new GroupValues(handle.KeyGroups);
            var metadata = values.Restore(handle.Metadata);
            if (handle.Format != backend.Name || backend.ReadStates(metadata) is not { } states)
            {
                return null;
            }

            headers.AddRange(states);
            headers.AddRange(values.Known.Select(value => new StateHeader(value.Name, KeyedStateKind.GroupValue, None, None, value.Schema)));
        }

        return [.. headers.Distinct().Select(header => new SavedState(header.Name, KindOf(header.Kind), header.Value, header, []))];
    }

    public static SavepointStateKind KindOf(KeyedStateKind kind) => kind switch
    {
        KeyedStateKind.List => SavepointStateKind.List,
        KeyedStateKind.Map => SavepointStateKind.Map,
        KeyedStateKind.Timer => SavepointStateKind.Timers,
        KeyedStateKind.GroupValue => SavepointStateKind.KeyGroupValue,
        _ => SavepointStateKind.Value,
    };

    public static SavepointStateKind KindOf(Redistribution redistribution) => redistribution switch
    {
        Redistribution.Union => SavepointStateKind.OperatorUnionList,
        Redistribution.Broadcast => SavepointStateKind.OperatorBroadcast,
        _ => SavepointStateKind.OperatorList,
    };
}
