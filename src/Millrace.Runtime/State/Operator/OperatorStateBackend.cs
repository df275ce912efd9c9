using Millrace.Serialization;
using Millrace.State;

namespace Millrace.Runtime.State.Operator;

/// <summary>The lists of one operator in one subtask that belong to no key. In memory; a snapshot is taken at once, because they are short.</summary>
/// <remarks>
/// Restored lists wait as bytes until they are asked for. Those that nobody asks for are carried over into later snapshots; where every subtask has the
/// whole list, only the first does so, or the list would grow with every restore. Belongs to one subtask.
/// </remarks>
/// <param name="serializers">Gives serializers.</param>
/// <param name="subtaskIndex">Which subtask, from 0.</param>
internal sealed class OperatorStateBackend(ISerializerProvider serializers, int subtaskIndex) : OperatorStateStore
{
    private readonly List<IOperatorList> _lists = [];
    private readonly List<OperatorStateSnapshot> _restored = [];

    /// <summary>What has been asked for by now.</summary>
    public IReadOnlyList<IOperatorList> Lists => _lists;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The name begins with a dot, as those of the engine do.</exception>
    /// <exception cref="InvalidOperationException">The name is taken by a list of another kind or type.</exception>
    /// <exception cref="StateIncompatibleException">The restored list cannot be read as this one.</exception>
    public override OperatorListState<T> GetListState<T>(ListStateDescriptor<T> descriptor) => Get(descriptor, Redistribution.Split);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The name begins with a dot, as those of the engine do.</exception>
    /// <exception cref="InvalidOperationException">The name is taken by a list of another kind or type.</exception>
    /// <exception cref="StateIncompatibleException">The restored list cannot be read as this one.</exception>
    public override OperatorListState<T> GetUnionListState<T>(ListStateDescriptor<T> descriptor) => Get(descriptor, Redistribution.Union);

    /// <summary>A list of the engine's own, whose elements a connector can write itself, for example splits and committables.</summary>
    /// <param name="name">The name; begins with a dot where it is not the user's.</param>
    /// <param name="redistribution">How it is dealt out after a restore.</param>
    /// <param name="serializer">Writes elements.</param>
    public OperatorListState<T> GetList<T>(string name, Redistribution redistribution, TypeSerializer<T> serializer)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var identity = new OperatorStateIdentity(name, redistribution, typeof(T));
        return GetOrAdd(identity, () => new OperatorList<T>(identity, serializer));
    }

    /// <summary>A map of which every subtask has a copy.</summary>
    /// <exception cref="ArgumentException">The name begins with a dot, as those of the engine do.</exception>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another kind or type.</exception>
    /// <exception cref="StateIncompatibleException">The restored state cannot be read as this one.</exception>
    public OperatorMap<TMapKey, TValue> GetMap<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull
    {
        Require(descriptor);
        var identity = new OperatorStateIdentity(descriptor.Name, Redistribution.Broadcast, typeof((TMapKey Key, TValue Value)));
        return GetOrAdd(identity, () => new OperatorMap<TMapKey, TValue>(identity, serializers.Get<(TMapKey Key, TValue Value)>()));
    }

    /// <summary>Takes what <see cref="OperatorStateRedistribution"/> has dealt out to this subtask. A name can occur several times, with different schemas.</summary>
    /// <exception cref="InvalidOperationException">A list has been asked for already.</exception>
    public void Restore(IReadOnlyList<OperatorStateSnapshot> snapshots)
    {
        if (_lists.Count > 0)
        {
            throw new InvalidOperationException($"Operator state '{_lists[0].Identity.Name}' has been asked for already: state is restored before any is used.");
        }

        _restored.AddRange(snapshots);
    }

    /// <summary>The lists as they are now, as bytes. Empty ones are not in it.</summary>
    public IReadOnlyList<OperatorStateSnapshot> Snapshot() =>
    [
        .. _lists.Where(list => !list.IsEmpty).Select(list => list.Snapshot()),
        .. _restored.Where(snapshot => snapshot.Redistribution != Redistribution.Union || subtaskIndex == 0),
    ];

    private OperatorListState<T> Get<T>(ListStateDescriptor<T> descriptor, Redistribution redistribution)
    {
        Require(descriptor);
        return GetList(descriptor.Name, redistribution, serializers.Get<T>());
    }

    private TState GetOrAdd<TState>(OperatorStateIdentity identity, Func<TState> create)
        where TState : class, IOperatorList
    {
        if (_lists.Find(list => list.Identity.Name == identity.Name) is { } existing)
        {
            return existing.Identity == identity ? (TState)existing : throw StateErrors.NameTaken(existing.Identity, identity);
        }

        var added = create();
        foreach (var snapshot in _restored.Where(snapshot => snapshot.Name == identity.Name))
        {
            added.Load(snapshot);
        }

        // Only now: when the restored state cannot be read, it stays as it was.
        _restored.RemoveAll(snapshot => snapshot.Name == identity.Name);
        _lists.Add(added);
        return added;
    }

    private static void Require(StateDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        if (descriptor.Ttl is not null)
        {
            throw new ArgumentException($"State '{descriptor.Name}' has a time to live, which only keyed state can have. Leave it out.", nameof(descriptor));
        }

        if (descriptor.Name.StartsWith('.'))
        {
            throw new ArgumentException($"The name '{descriptor.Name}' begins with a dot, as those of the engine's own state do. Give the state another name.", nameof(descriptor));
        }
    }
}
