using System.Diagnostics.CodeAnalysis;
using Millrace.Serialization;
using Millrace.State;

namespace Millrace.Runtime.State.Operator;

/// <inheritdoc cref="BroadcastState{TMapKey, TValue}"/>
internal sealed class OperatorMap<TMapKey, TValue>(OperatorStateIdentity identity, TypeSerializer<(TMapKey Key, TValue Value)> serializer)
    : BroadcastState<TMapKey, TValue>, IOperatorList
    where TMapKey : notnull
{
    private readonly Dictionary<TMapKey, TValue> _entries = [];
    private readonly OperatorList<(TMapKey Key, TValue Value)> _written = new(identity, serializer);
    private ReadOnlyView? _readOnly;

    public OperatorStateIdentity Identity => identity;

    // An empty copy is a copy: a subtask that has one must not be given another's after a restore.
    public bool IsEmpty => false;

    public TypeSchema Schema => serializer.Schema;

    public override int Count => _entries.Count;

    public override IReadOnlyCollection<KeyValuePair<TMapKey, TValue>> Entries => _entries;

    /// <summary>The same map for those who may only read it: an object of its own, which has no way to write.</summary>
    public ReadOnlyBroadcastState<TMapKey, TValue> ReadOnly => _readOnly ??= new ReadOnlyView(_entries);

    public override bool TryGet(TMapKey key, [MaybeNullWhen(false)] out TValue value) => _entries.TryGetValue(key, out value);

    public override void Put(TMapKey key, TValue value) => _entries[key] = value;

    public override bool Remove(TMapKey key) => _entries.Remove(key);

    public override void Clear() => _entries.Clear();

    public void Load(OperatorStateSnapshot snapshot)
    {
        _written.Load(snapshot);
        foreach (var (key, value) in _written.Items)
        {
            _entries[key] = value;
        }

        _written.Clear();
    }

    public OperatorStateSnapshot Snapshot()
    {
        _written.Update(_entries.Select(entry => (entry.Key, entry.Value)));
        try
        {
            return _written.Snapshot();
        }
        finally
        {
            _written.Clear();
        }
    }

    private sealed class ReadOnlyView(Dictionary<TMapKey, TValue> entries) : ReadOnlyBroadcastState<TMapKey, TValue>
    {
        public override int Count => entries.Count;

        public override IReadOnlyCollection<KeyValuePair<TMapKey, TValue>> Entries => entries;

        public override bool TryGet(TMapKey key, [MaybeNullWhen(false)] out TValue value) => entries.TryGetValue(key, out value);
    }
}
