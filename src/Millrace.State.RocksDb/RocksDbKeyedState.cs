using Millrace.State.Backends;
using Millrace.State.RocksDb.Cache;
using Millrace.State.RocksDb.Snapshots;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb;

/// <summary>The keyed state of one operator in one subtask: one store, a table for each state.</summary>
internal sealed class RocksDbKeyedState<TKey> : KeyedStateBackend<TKey>
{
    // After so many batches the cache looks whether its entries have grown and whether others need room.
    private const int BatchesBetweenRebalancing = 64;

    private readonly KeyedStateContext<TKey> _context;
    private readonly MemoryBudget _budget;
    private readonly SharedMemory _memory;
    private readonly string _directory;
    private readonly Action _released;
    private readonly UploadedFiles _uploaded = new();
    private readonly List<IRocksDbTable<TKey>> _tables = [];

    // What is in the store that no table has been created for.
    private readonly List<StoredState> _restored = [];
    private StoreSession? _session;
    private ushort _lastState;
    private int _batches;
    private long _linked;
    private volatile bool _isDisposed;

    /// <param name="context">What it is for.</param>
    /// <param name="budget">For cached objects.</param>
    /// <param name="memory">For the store.</param>
    /// <param name="directory">For files; not there yet, and removed at the end.</param>
    /// <param name="released">Called when nothing of it is in use any more.</param>
    public RocksDbKeyedState(KeyedStateContext<TKey> context, MemoryBudget budget, SharedMemory memory, string directory, Action released)
        : base(context.MaxParallelism)
    {
        _context = context;
        _budget = budget;
        _memory = memory;
        _directory = directory;
        _released = released;
    }

    public override long EntryCount => _tables.Sum(table => table.Count);

    private string StoreDirectory => Path.Combine(_directory, "db");

    private StoreSession Session => _session ??= Open();

    // Enough keys for one look-up in the store to be worth it, and few enough for the lines of their entries to stay in the processor's nearest cache.
    public override int PrefetchLength => 256;

    public override ulong HashOf(in TKey key) => _context.KeyHasher.Hash(key);

    public override KeyedStateTable<TKey, TNamespace, TValue> CreateTable<TNamespace, TValue>(StateTableDescriptor<TNamespace, TValue> descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        if (_tables.Any(table => table.State.Header.Name == descriptor.Name))
        {
            throw new InvalidOperationException($"State '{descriptor.Name}' has been created already.");
        }

        var restored = _restored.Where(state => state.Header.Name == descriptor.Name).ToList();
        var loader = new StateLoader<TKey, TNamespace, TValue>(Session, _context, descriptor, restored);
        var table = loader.Load(NextState);
        _restored.RemoveAll(restored.Contains);
        _tables.Add(table);
        return table;
    }

    public override void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
    {
        if (++_batches % BatchesBetweenRebalancing == 0)
        {
            Rebalance();
        }

        foreach (var table in _tables)
        {
            table.LetExpire();
            table.PrefetchKeys(keys, hashes);
        }
    }

    public override FrozenKeyedState Freeze(long checkpointId)
    {
        var session = Session;
        Rebalance();

        // Of two checkpoints at once the earlier one has to have its picture of the store before the later one begins.
        session.AwaitCanWrite();
        var groups = new List<FrozenGroup>();
        var states = new List<StoredState>();
        foreach (var table in _tables)
        {
            table.Freeze(groups);
            states.Add(table.Freeze());
            table.LetExpire();
        }

        states.AddRange(_restored);
        _uploaded.Begun(checkpointId);
        var frozen = new FrozenRocksDbState(session, groups, states, _uploaded, checkpointId, Path.Combine(_directory, $"frozen-{checkpointId}-{++_linked}"));
        session.BeginEpoch(frozen);
        foreach (var table in _tables)
        {
            table.EpochBegan();
        }

        return frozen;
    }

    public override void Restore(IReadOnlyList<KeyedStateReader> snapshots)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        ThrowIfInUse();
        foreach (var snapshot in snapshots)
        {
            if (snapshot.MaxParallelism != MaxParallelism)
            {
                throw RocksDbErrors.MaxParallelismChanged(snapshot.MaxParallelism, MaxParallelism);
            }

            foreach (var header in snapshot.States)
            {
                ushort id = NextState();
                long[] counts = CanonicalStates.Keep(Session, id, snapshot, header);
                if (counts.Any(count => count > 0))
                {
                    RefuseDoubles(header.Name, counts);
                    _restored.Add(new StoredState(id, header, IsWaiting: true, counts));
                }
            }
        }
    }

    public override void RestoreNative(IReadOnlyList<NativeSnapshot> snapshots, NativeSnapshotSource source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        ArgumentNullException.ThrowIfNull(source);
        ThrowIfInUse();
        if (_session is not null)
        {
            throw new InvalidOperationException("State has been restored already.");
        }

        var restore = new NativeRestore(_context.KeyGroups, MaxParallelism, source, _directory, cancellationToken);
        var (store, states) = restore.Run(snapshots, directory => new Store(new StoreOptions(_memory), directory, static () => { }), StoreDirectory, OpenStore);
        _uploaded.Restored(restore.Shared);
        _session = NewSession(store);
        _restored.AddRange(states);
        _lastState = (ushort)states.Select(state => state.Id & StoreKey.MaxStates).DefaultIfEmpty(0).Max();
    }

    public override void CheckpointCompleted(long checkpointId) => _uploaded.Completed(checkpointId);

    public override void CheckpointAborted(long checkpointId) => _uploaded.Aborted(checkpointId);

    protected override void Dispose(bool disposing)
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        foreach (var table in _tables)
        {
            table.Dispose();
        }

        if (_session is null)
        {
            Closed();
        }
        else
        {
            // Closed now, or when the last checkpoint that is being written has let go.
            _session.Store.Release();
        }
    }

    /// <summary>Writes what is in memory into files and rewrites them, for tests: what has expired is gone afterwards.</summary>
    internal void Compact()
    {
        Session.Store.Flush();
        Session.Store.Compact();
    }

    /// <summary>Closes it whoever still uses it: nobody runs any more.</summary>
    internal void Abandon()
    {
        Dispose();
        _session?.Store.Abandon();
    }

    private StoreSession Open()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return NewSession(OpenStore());
    }

    private StoreSession NewSession(Store store) => new(store, _budget, _context.KeyGroups, MaxParallelism);

    private Store OpenStore()
    {
        Directory.CreateDirectory(StoreDirectory);
        return new Store(new StoreOptions(_memory), StoreDirectory, StoreClosed);
    }

    private void StoreClosed()
    {
        // A store that could not be restored is closed while the state is still there, and that ends when it is disposed of.
        if (_isDisposed)
        {
            Closed();
        }
    }

    private void Closed()
    {
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }

        _released();
    }

    private ushort NextState()
    {
        if (_lastState == StoreKey.MaxStates)
        {
            throw new InvalidOperationException($"There are {StoreKey.MaxStates} states: more cannot be told apart.");
        }

        return ++_lastState;
    }

    private void Rebalance()
    {
        foreach (var table in _tables)
        {
            table.Rebalance();
        }
    }

    private void ThrowIfInUse()
    {
        if (_tables.Count > 0)
        {
            throw new InvalidOperationException($"State '{_tables[0].State.Header.Name}' has been asked for already: state is restored before any is used.");
        }
    }

    private void RefuseDoubles(string name, long[] counts)
    {
        foreach (var other in _restored.Where(state => state.Header.Name == name))
        {
            for (int index = 0; index < counts.Length; index++)
            {
                if (counts[index] > 0 && other.Counts[index] > 0)
                {
                    throw new InvalidOperationException(
                        $"State '{name}': key group {_context.KeyGroups.Start + index} is in the snapshots twice. They do not belong to one checkpoint.");
                }
            }
        }
    }
}
