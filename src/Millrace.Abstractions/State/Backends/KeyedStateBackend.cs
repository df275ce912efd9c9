using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Millrace.State.Backends;

/// <summary>Keeps the keyed state of one subtask of one operator: the state of the key groups that the subtask owns.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <remarks>
/// <para>
/// Belongs to one subtask: not safe for use by several threads, but for what <see cref="Freeze"/> returns.
/// </para>
/// <para>
/// A backend implements tables, snapshots and nothing else; handles, timers and what a name may be asked for are the engine's, the same for all backends.
/// Restored state waits until its table is created; state that nobody asks for is carried over into later snapshots.
/// </para>
/// </remarks>
public abstract class KeyedStateBackend<TKey> : IDisposable
{
    private TKey _currentKey = default!;
    private ulong _currentHash;
    private bool _hasCurrentKey;

    /// <summary>Creates the backend.</summary>
    /// <param name="maxParallelism">How many key groups the operator's keys are divided into.</param>
    protected KeyedStateBackend(int maxParallelism)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxParallelism);
        MaxParallelism = maxParallelism;
    }

    /// <summary>How many key groups the operator's keys are divided into, over all its subtasks.</summary>
    public int MaxParallelism { get; }

    /// <summary>Whether a key is being processed. State handles throw where none is.</summary>
    public bool HasCurrentKey => _hasCurrentKey;

    /// <summary>The key that is being processed, which all handles speak of.</summary>
    /// <exception cref="InvalidOperationException">No key is being processed.</exception>
    public ref readonly TKey CurrentKey
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (!_hasCurrentKey)
            {
                ThrowNoKey();
            }

            return ref _currentKey;
        }
    }

    /// <summary>The stable hash of <see cref="CurrentKey"/>; 0 where there is none.</summary>
    public ulong CurrentHash => _currentHash;

    /// <summary>The key group of <see cref="CurrentKey"/>.</summary>
    /// <exception cref="InvalidOperationException">No key is being processed.</exception>
    public int CurrentKeyGroup
    {
        get
        {
            _ = CurrentKey;
            return KeyGroup.Of(_currentHash, MaxParallelism);
        }
    }

    /// <summary>Says which key is being processed from here on.</summary>
    /// <param name="key">The key.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetCurrentKey(in TKey key) => SetCurrentKey(in key, HashOf(in key));

    /// <summary>Says which key is being processed from here on, when its hash is known already.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">The key's stable hash.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetCurrentKey(in TKey key, ulong hash)
    {
        _currentKey = key;
        _currentHash = hash;
        _hasCurrentKey = true;
    }

    /// <summary>Says that no key is being processed: state handles throw until the next <see cref="SetCurrentKey(in TKey)"/>.</summary>
    public void ClearCurrentKey()
    {
        _currentKey = default!;
        _currentHash = 0;
        _hasCurrentKey = false;
    }

    /// <summary>The stable 64-bit hash of a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The hash, which is the same on every machine.</returns>
    public abstract ulong HashOf(in TKey key);

    /// <summary>How many entries all states have together, timers included. May be an estimate, and may cost a walk over the key groups.</summary>
    public abstract long EntryCount { get; }

    /// <summary>
    /// Of how many keys at once <see cref="Prefetch"/> is best told: far enough ahead that an entry is there when it is needed, and not so far that it is
    /// gone again.
    /// </summary>
    /// <value>At least 1. Default: 1,024, a whole batch.</value>
    public virtual int PrefetchLength => 1024;

    /// <summary>
    /// Creates a state, with what was restored under its name. Called once for a name; where it throws, the restored state stays as it was.
    /// </summary>
    /// <typeparam name="TNamespace">The type of the namespaces.</typeparam>
    /// <typeparam name="TValue">The type of the values.</typeparam>
    /// <param name="descriptor">Names the state and says how it is written.</param>
    /// <returns>The table.</returns>
    /// <exception cref="InvalidOperationException">There is a state of that name already.</exception>
    /// <exception cref="StateIncompatibleException">The restored state cannot be read as this one.</exception>
    /// <exception cref="MillraceException">The restored state is damaged.</exception>
    public abstract KeyedStateTable<TKey, TNamespace, TValue> CreateTable<TNamespace, TValue>(StateTableDescriptor<TNamespace, TValue> descriptor);

    /// <summary>
    /// A hint that the entries of these keys are about to be used, in all tables without a namespace: a backend may fetch them together. Changes nothing
    /// that can be observed.
    /// </summary>
    /// <param name="keys">The keys.</param>
    /// <param name="hashes">Their stable hashes, in the same order.</param>
    public virtual void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
    {
    }

    /// <summary>
    /// Freezes the state as it is now, in a time that depends on the number of key groups and not on the number of keys. The backend can be
    /// used on at once; what the frozen state still needs is copied before it changes.
    /// </summary>
    /// <param name="checkpointId">The checkpoint that it is for. Rises from call to call.</param>
    /// <returns>The frozen state, to be written by any thread and disposed of.</returns>
    public abstract FrozenKeyedState Freeze(long checkpointId);

    /// <summary>
    /// Takes over the state of this backend's key groups from canonical snapshots, which may have been written at another parallelism: other key groups
    /// are passed over. Must come before any table is created, and once at most. States for which no table is created are carried over into later snapshots.
    /// </summary>
    /// <param name="snapshots">
    /// The snapshots of all subtasks, or of those whose key groups overlap with this backend's. They are not read any more after this method has returned.
    /// </param>
    /// <exception cref="InvalidOperationException">A table has been created already, or a key group is there twice.</exception>
    /// <exception cref="StateIncompatibleException">A snapshot was written with another number of key groups.</exception>
    /// <exception cref="MillraceException">A snapshot is damaged.</exception>
    public abstract void Restore(IReadOnlyList<KeyedStateReader> snapshots);

    /// <summary>
    /// Does what <see cref="Restore"/> does with snapshots that this kind of backend has written in its own format. Of several only the key groups
    /// that this backend owns count.
    /// </summary>
    /// <param name="snapshots">The snapshots whose key groups overlap with this backend's.</param>
    /// <param name="source">Gives their files.</param>
    /// <param name="cancellationToken">Gives up, also in the middle of a file. What there is by then is of no use but to be disposed of.</param>
    /// <exception cref="NotSupportedException">The backend has no format of its own.</exception>
    /// <exception cref="InvalidOperationException">A table has been created already.</exception>
    /// <exception cref="MillraceException">A snapshot is damaged.</exception>
    public virtual void RestoreNative(IReadOnlyList<NativeSnapshot> snapshots, NativeSnapshotSource source, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException(
            $"{GetType().Name} has no snapshot format of its own, so it cannot have written this snapshot: start the job with the state backend that did, or from a savepoint.");

    /// <summary>A checkpoint is complete: later native snapshots may name its shared files. A checkpoint may pass without either notice.</summary>
    /// <param name="checkpointId">The checkpoint.</param>
    public virtual void CheckpointCompleted(long checkpointId)
    {
    }

    /// <summary>A checkpoint has been given up: what was written for it must not be named again.</summary>
    /// <param name="checkpointId">The checkpoint.</param>
    public virtual void CheckpointAborted(long checkpointId)
    {
    }

    /// <summary>Releases what the backend holds.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the backend holds.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    [DoesNotReturn]
    private static void ThrowNoKey() =>
        throw new InvalidOperationException("No key is being processed: keyed state can be used while a record or a timer is processed, not in Open or Close.");
}
