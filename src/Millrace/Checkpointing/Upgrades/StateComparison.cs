using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Operator;
using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.StateProcessing;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>Holds the states that an operator asks for against those that were saved: each pair is read as a restore reads it.</summary>
/// <param name="asked">What the operator asks for.</param>
/// <param name="keyed">Its keyed states that were saved; null where nobody can say which there are.</param>
/// <param name="lists">Its lists and broadcast states that were saved.</param>
internal sealed class StateComparison(ProbedOperator asked, IReadOnlyList<SavedState>? keyed, IReadOnlyList<SavedState> lists)
{
    private readonly List<StateUpgrade> _states = [];
    private readonly List<SavedState> _unasked = [];

    public IReadOnlyList<StateUpgrade> Compare()
    {
        foreach (var state in asked.Keyed)
        {
            CompareKeyed(state);
        }

        foreach (var (name, schema) in asked.GroupValues)
        {
            CompareGroupValue(name, schema);
        }

        foreach (var list in asked.Lists)
        {
            Add(list.Identity.Name, SavedState.KindOf(list.Identity.Redistribution), list.Schema, lists.Where(saved => saved.Name == list.Identity.Name), saved => Read(list, saved));
        }

        _unasked.AddRange((keyed ?? []).Where(saved => saved.Keyed!.Kind == KeyedStateKind.GroupValue
            ? !asked.GroupValues.ContainsKey(saved.Name)
            : asked.Keyed.All(state => state.Name != saved.Name)));
        _unasked.AddRange(lists.Where(saved => asked.Lists.All(list => list.Identity.Name != saved.Name)));
        foreach (var saved in _unasked)
        {
            _states.Add(Unasked(saved));
        }

        return _states;
    }

    private void CompareKeyed(AskedState state)
    {
        if (keyed is null)
        {
            _states.Add(new StateUpgrade(state.Name, SavedState.KindOf(state.Identity.Kind), UpgradeStatus.NotChecked, null, state.Value, "The backend does not say which states are in its snapshots."));
            return;
        }

        Add(
            state.Name,
            SavedState.KindOf(state.Identity.Kind),
            state.Value,
            keyed.Where(saved => saved.Name == state.Name && saved.Keyed!.Kind != KeyedStateKind.GroupValue),
            saved =>
            {
                state.Read(saved.Keyed!);
                return SchemaComparison.SameBytes(saved.Keyed!.Namespace, state.Namespace) ? "" : $"Namespaces: {SchemaDifferences.Describe(saved.Keyed.Namespace, state.Namespace)}";
            });
    }

    private void CompareGroupValue(string name, TypeSchema schema) => Add(
        name,
        SavepointStateKind.KeyGroupValue,
        schema,
        (keyed ?? []).Where(saved => saved.Name == name && saved.Keyed!.Kind == KeyedStateKind.GroupValue),
        saved => saved.Schema.Equals(schema)
            ? ""
            : throw new StateIncompatibleException(StateErrors.Incompatibility, $"It was written as {saved.Schema}, and is {schema} now."));

    private static string Read(IOperatorList list, SavedState saved)
    {
        foreach (var part in saved.Parts)
        {
            list.Load(part);
        }

        return "";
    }

    /// <param name="name">The state's name.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="now">How values are written.</param>
    /// <param name="saved">What was saved under the name.</param>
    /// <param name="read">Reads it; says what else than the values has changed.</param>
    private void Add(string name, SavepointStateKind kind, TypeSchema now, IEnumerable<SavedState> saved, Func<SavedState, string> read)
    {
        var before = saved.ToList();
        if (before.Count == 0)
        {
            _states.Add(new StateUpgrade(name, kind, UpgradeStatus.New, null, now, ""));
        }

        foreach (var state in before)
        {
            try
            {
                string other = read(state);
                string values = SchemaComparison.SameBytes(state.Schema, now) ? "" : SchemaDifferences.Describe(state.Schema, now);
                _states.Add(new StateUpgrade(
                    name,
                    kind,
                    other.Length + values.Length > 0 ? UpgradeStatus.Migrates : UpgradeStatus.Compatible,
                    state.Schema,
                    now,
                    string.Join(' ', new[] { Sentence(values), other }.Where(text => text.Length > 0))));
            }
            catch (MillraceException error)
            {
                _states.Add(new StateUpgrade(name, kind, UpgradeStatus.Incompatible, state.Schema, now, error.Words, error.Code));
            }
        }
    }

    private StateUpgrade Unasked(SavedState saved)
    {
        bool isLost = saved.Keyed is not null && !asked.IsKeyed;
        if (asked.Unasked is { } why && !isLost)
        {
            return new StateUpgrade(saved.Name, saved.Kind, UpgradeStatus.NotChecked, saved.Schema, null, why);
        }

        if (isLost)
        {
            // Not an error of a restore, which does not look for keyed state in an operator that has none.
            return new StateUpgrade(saved.Name, saved.Kind, UpgradeStatus.Dropped, saved.Schema, null, "The operator has no keyed state any more: this is gone with the first snapshot. Give the operator a new uid if that is not meant.");
        }

        string hint = saved.Name.StartsWith("window-", StringComparison.Ordinal)
            ? "Windows of this kind are not made any more: those that were open never fire, and their state stays. Give the operator a new uid to be rid of it."
            : Renamed(saved) is { } renamed
                ? $"Not asked for when the operator is opened: it is kept. If '{renamed}' is meant to be the same, it begins empty: states are found by name."
                : "Not asked for when the operator is opened: it is kept, and costs its size.";
        return new StateUpgrade(saved.Name, saved.Kind, UpgradeStatus.Kept, saved.Schema, null, hint);
    }

    private string? Renamed(SavedState saved) =>
        _states.Find(state => state.Status == UpgradeStatus.New && state.Kind == saved.Kind && SchemaComparison.SameBytes(saved.Schema, state.Now!))?.Name;

    private static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
