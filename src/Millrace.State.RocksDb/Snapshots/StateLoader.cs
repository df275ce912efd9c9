using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb.Snapshots;

/// <summary>Creates a table with what was restored for it.</summary>
/// <remarks>
/// What a native snapshot has in today's shape is used as it is. All else – canonical snapshots, and other shapes – is read and put into the table at once: reading old
/// shapes whenever an entry is met would need to know of each entry which shape it has.
/// </remarks>
internal sealed class StateLoader<TKey, TNamespace, TValue>(
    StoreSession session, KeyedStateContext<TKey> context, StateTableDescriptor<TNamespace, TValue> descriptor, IReadOnlyList<StoredState> restored)
{
    private readonly StateHeader _header = new(
        descriptor.Name, descriptor.Kind, context.KeySerializer.Schema, descriptor.NamespaceSerializer.Schema, descriptor.ValueSerializer.Schema);

    /// <param name="nextState">Gives a number for a new state.</param>
    /// <exception cref="StateIncompatibleException">What was restored cannot be read as this state; it stays as it was.</exception>
    /// <exception cref="MillraceException">What was restored is damaged; it stays as it was.</exception>
    public RocksDbTable<TKey, TNamespace, TValue> Load(Func<ushort> nextState)
    {
        var readers = restored.Select(ReaderOf).ToList();
        if (readers is [{ IsUnchanged: true }] && !restored[0].IsWaiting)
        {
            return Create(restored[0] with { Header = _header });
        }

        if (restored.Count > 0)
        {
            // A checkpoint that still has to be taken must contain what is about to be moved.
            session.AwaitCanWrite();
        }

        ushort id = (ushort)(nextState() | (descriptor.Expiry is null ? 0 : StoreKey.ExpiringStates));
        var table = Create(new StoredState(id, _header, IsWaiting: false, new long[session.Range.Count]));
        try
        {
            for (int i = 0; i < restored.Count; i++)
            {
                Load(table, restored[i], readers[i]);
            }
        }
        catch
        {
            table.Clear();
            table.Dispose();
            throw;
        }

        foreach (var state in restored)
        {
            var (start, end) = StoreKey.BoundsOf(state.Id, session.Range);
            session.Store.DeleteRange(start, end);
        }

        return table;
    }

    private RocksDbTable<TKey, TNamespace, TValue> Create(StoredState state) => new(session, state, descriptor, context.KeySerializer, context.KeyHasher);

    private Reader ReaderOf(StoredState state)
    {
        var written = state.Header;
        if (written.Kind != descriptor.Kind)
        {
            throw RocksDbErrors.KindChanged(descriptor.Name, descriptor.Kind, written.Kind);
        }

        // A migrated key would hash elsewhere: it would have to move to another key group, perhaps to another subtask.
        if (!IsSameKey(written.Key))
        {
            throw RocksDbErrors.KeyChanged(descriptor.Name, written.Key, context.KeySerializer.Schema);
        }

        try
        {
            var namespaces = descriptor.NamespaceSerializer.ForReading(written.Namespace);
            var values = descriptor.ValueSerializer.ForReading(written.Value);
            return new Reader(namespaces, values, ReferenceEquals(namespaces, descriptor.NamespaceSerializer) && ReferenceEquals(values, descriptor.ValueSerializer));
        }
        catch (StateIncompatibleException exception)
        {
            throw RocksDbErrors.Incompatible(descriptor.Name, exception);
        }
    }

    private bool IsSameKey(TypeSchema written)
    {
        try
        {
            return ReferenceEquals(context.KeySerializer.ForReading(written), context.KeySerializer);
        }
        catch (StateIncompatibleException)
        {
            return false;
        }
    }

    private void Load(RocksDbTable<TKey, TNamespace, TValue> table, StoredState state, Reader reader)
    {
        var (start, end) = StoreKey.BoundsOf(state.Id, session.Range);
        using var walk = session.Store.Iterate(start, end);
        int group = 0;
        try
        {
            while (walk.MoveNext())
            {
                group = StoreKey.GroupOf(walk.Key);
                if (state.IsWaiting)
                {
                    var input = new BinaryInput(CanonicalStates.EntriesOf(walk.Value));
                    for (int left = CanonicalStates.CountOf(walk.Value); left > 0; left--)
                    {
                        var key = context.KeySerializer.Read(ref input);
                        var ns = reader.Namespaces.Read(ref input);
                        Put(table, group, in key, in ns, reader.Values.Read(ref input));
                    }

                    if (input.Remaining != 0)
                    {
                        throw new InvalidDataException($"{input.Remaining} bytes are left after the last entry");
                    }
                }
                else
                {
                    var keyInput = new BinaryInput(walk.Key[StoreKey.PrefixLength..]);
                    var key = context.KeySerializer.Read(ref keyInput);
                    var ns = reader.Namespaces.Read(ref keyInput);
                    var valueInput = new BinaryInput(walk.Value);
                    Put(table, group, in key, in ns, reader.Values.Read(ref valueInput));
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw RocksDbErrors.Unreadable(descriptor.Name, group, exception);
        }
    }

    private void Put(RocksDbTable<TKey, TNamespace, TValue> table, int group, in TKey key, in TNamespace ns, TValue value)
    {
        ulong hash = context.KeyHasher.Hash(key);
        int now = KeyGroup.Of(hash, context.MaxParallelism);
        if (now != group)
        {
            throw new InvalidDataException($"an entry has a key of key group {now}: the key's hash has changed since the snapshot was written");
        }

        table.GetOrAdd(in key, hash, in ns, out _) = value;
    }

    private sealed record Reader(TypeSerializer<TNamespace> Namespaces, TypeSerializer<TValue> Values, bool IsUnchanged);
}
