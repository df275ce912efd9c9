using Millrace.State.Backends;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb.Snapshots;

/// <summary>Makes a store out of native snapshots, which may have been written at another parallelism.</summary>
/// <remarks>
/// The snapshot that has most of the subtask's key groups becomes the store: its files are opened, and what belongs to others is deleted from it by range.
/// From the other snapshots the subtask's key groups are copied.
/// </remarks>
internal sealed class NativeRestore(KeyGroupRange range, int maxParallelism, NativeSnapshotSource source, string directory, CancellationToken cancellationToken)
{
    private readonly StoreBatch _batch = new();

    /// <summary>
    /// The files that have become the store, as far as checkpoints may name them again. They keep their names, and the store gives none of them away a second time, because it
    /// goes on where the numbers of the snapshot end. What is copied in from other snapshots is in new files.
    /// </summary>
    public IReadOnlyList<StateFile> Shared { get; private set; } = [];

    /// <param name="snapshots">The snapshots; those without any of the subtask's key groups are passed over.</param>
    /// <param name="openOther">Opens a store for reading.</param>
    /// <param name="storeDirectory">Where the store is to be.</param>
    /// <param name="openStore">Opens the store there.</param>
    /// <returns>The store, and the states in it.</returns>
    public (Store Store, List<StoredState> States) Run(
        IReadOnlyList<NativeSnapshot> snapshots, Func<string, Store> openOther, string storeDirectory, Func<Store> openStore)
    {
        var parts = snapshots.Select(snapshot => (Snapshot: snapshot, Overlap: Overlap(snapshot.KeyGroups, range), States: StatesOf(snapshot)))
            .Where(part => part.Overlap.Count > 0).OrderByDescending(part => part.Overlap.Count).ThenBy(part => part.Overlap.Start).ToList();
        RefuseDoubles(parts.Select(part => part.Overlap));
        if (parts.Count > 0)
        {
            Download(parts[0].Snapshot, storeDirectory);
            Shared = [.. parts[0].Snapshot.Files.Where(source.MayShare)];
        }

        var store = openStore();
        if (parts.Count == 0)
        {
            return (store, []);
        }

        try
        {
            var states = Clip(store, parts[0].Snapshot.KeyGroups, parts[0].States);
            foreach (var part in parts.Skip(1))
            {
                CopyFrom(part.Snapshot, part.Overlap, part.States, openOther, store, states);
            }

            states.RemoveAll(state => state.Counts.All(count => count == 0));
            return (store, states);
        }
        catch
        {
            store.Release();
            throw;
        }
    }

    private static KeyGroupRange Overlap(KeyGroupRange one, KeyGroupRange other)
    {
        int start = Math.Max(one.Start, other.Start);
        return new KeyGroupRange(start, Math.Max(0, Math.Min(one.End, other.End) - start));
    }

    private static void RefuseDoubles(IEnumerable<KeyGroupRange> overlaps)
    {
        int end = 0;
        foreach (var overlap in overlaps.OrderBy(overlap => overlap.Start))
        {
            if (overlap.Start < end)
            {
                throw new InvalidOperationException($"Key group {overlap.Start} is in the snapshots twice. They do not belong to one checkpoint.");
            }

            end = overlap.End;
        }
    }

    private List<StoredState> StatesOf(NativeSnapshot snapshot)
    {
        var (written, states) = SnapshotMetadata.Read(snapshot.Metadata.Span);
        if (written != maxParallelism)
        {
            throw RocksDbErrors.MaxParallelismChanged(written, maxParallelism);
        }

        return states.Any(state => state.Counts.Length != snapshot.KeyGroups.Count)
            ? throw RocksDbErrors.Corrupt("The description of a RocksDB snapshot", "it has other key groups than the snapshot")
            : states;
    }

    private void Download(NativeSnapshot snapshot, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in snapshot.Files)
        {
            if (Path.GetFileName(file.Name) != file.Name)
            {
                throw RocksDbErrors.Corrupt("A RocksDB snapshot", $"it has a file of the name '{file.Name}'");
            }

            source.Download(file, Path.Combine(to, file.Name), cancellationToken);
        }
    }

    private List<StoredState> Clip(Store store, KeyGroupRange written, List<StoredState> states)
    {
        foreach (var state in states)
        {
            if (written.Start < range.Start)
            {
                store.DeleteRange(StoreKey.StartOf(state.Id, written.Start), StoreKey.StartOf(state.Id, range.Start));
            }

            if (written.End > range.End)
            {
                store.DeleteRange(StoreKey.StartOf(state.Id, range.End), StoreKey.StartOf(state.Id, written.End));
            }
        }

        return [.. states.Select(state => state with { Counts = CountsIn(range, written, state.Counts) })];
    }

    private static long[] CountsIn(KeyGroupRange range, KeyGroupRange written, long[] counts)
    {
        long[] clipped = new long[range.Count];
        for (int index = 0; index < clipped.Length; index++)
        {
            int group = range.Start + index;
            clipped[index] = written.Contains(group) ? counts[group - written.Start] : 0;
        }

        return clipped;
    }

    private void CopyFrom(
        NativeSnapshot snapshot, KeyGroupRange overlap, List<StoredState> states, Func<string, Store> openOther, Store store, List<StoredState> into)
    {
        string folder = Path.Combine(directory, "other-" + overlap.Start);
        Download(snapshot, folder);
        var other = openOther(folder);
        try
        {
            foreach (var state in states)
            {
                long[] counts = CountsIn(range, snapshot.KeyGroups, state.Counts);
                ushort id = Place(state, counts, into);
                Copy(other, state.Id, overlap, store, id);
            }
        }
        finally
        {
            other.Release();
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The state that takes up a state of another snapshot: one of the same name and shape, or a new one.</summary>
    private static ushort Place(StoredState state, long[] counts, List<StoredState> into)
    {
        for (int i = 0; i < into.Count; i++)
        {
            if (into[i].Header == state.Header && into[i].IsWaiting == state.IsWaiting)
            {
                into[i] = into[i] with { Counts = [.. into[i].Counts.Zip(counts, (one, other) => one + other)] };
                return into[i].Id;
            }
        }

        int number = into.Select(one => one.Id & StoreKey.MaxStates).DefaultIfEmpty(0).Max() + 1;
        ushort id = (ushort)(number | (state.Id & StoreKey.ExpiringStates));
        into.Add(state with { Id = id, Counts = counts });
        return id;
    }

    private void Copy(Store other, ushort from, KeyGroupRange groups, Store store, ushort to)
    {
        var (start, end) = StoreKey.BoundsOf(from, groups);
        using var walk = other.Iterate(start, end);
        var key = new ByteBuffer();
        while (walk.MoveNext())
        {
            key.Clear();
            key.Append(walk.Key);
            StoreKey.WritePrefix(key.Edit(), to, StoreKey.GroupOf(walk.Key));
            _batch.Put(key.Written, walk.Value);
            if (_batch.Length >= 1 << 20)
            {
                cancellationToken.ThrowIfCancellationRequested();
                store.Write(_batch);
                _batch.Clear();
            }
        }

        store.Write(_batch);
        _batch.Clear();
    }
}
