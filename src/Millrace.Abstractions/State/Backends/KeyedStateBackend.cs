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
/// A state is found by its name. Asking twice gives the same state; asking for a name with another kind or type throws
/// <see cref="InvalidOperationException"/>. Restored state waits as bytes until it is asked for; state that nobody asks for
/// is carried over into later snapshots.
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

    /// <summary>A state with one value per key and namespace.</summary>
    /// <typeparam name="TNamespace">The type of the namespaces.</typeparam>
    /// <typeparam name="TValue">The type of the values.</typeparam>
    /// <param name="name">The state's name, unique within the operator.</param>
    /// <returns>The table.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another kind or type.</exception>
    /// <exception cref="StateIncompatibleException">The restored state cannot be read as this one.</exception>
    public abstract KeyedStateTable<TKey, TNamespace, TValue> Table<TNamespace, TValue>(string name);

    /// <summary>A state with a list per key and namespace. Remove the entry when the list becomes empty.</summary>
    /// <typeparam name="TNamespace">The type of the namespaces.</typeparam>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="name">The state's name, unique within the operator.</param>
    /// <returns>The table.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another kind or type.</exception>
    /// <exception cref="StateIncompatibleException">The restored state cannot be read as this one.</exception>
    public abstract KeyedStateTable<TKey, TNamespace, StateList<T>> ListTable<TNamespace, T>(string name);

    /// <summary>A state with a map per key and namespace. Remove the entry when the map becomes empty.</summary>
    /// <typeparam name="TNamespace">The type of the namespaces.</typeparam>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="name">The state's name, unique within the operator.</param>
    /// <returns>The table.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another kind or type.</exception>
    /// <exception cref="StateIncompatibleException">The restored state cannot be read as this one.</exception>
    public abstract KeyedStateTable<TKey, TNamespace, StateMap<TMapKey, TValue>> MapTable<TNamespace, TMapKey, TValue>(string name)
        where TMapKey : notnull;

    /// <summary>The handle of a value per key. It is the state that <see cref="Table"/> gives for the same name without a namespace.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="descriptor">Names the state.</param>
    /// <returns>The handle; the same for the same name.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another kind or type.</exception>
    /// <exception cref="StateIncompatibleException">The restored state cannot be read as this one.</exception>
    public abstract ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor);

    /// <summary>The handle of a list per key.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="descriptor">Names the state.</param>
    /// <returns>The handle; the same for the same name.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another kind or type.</exception>
    /// <exception cref="StateIncompatibleException">The restored state cannot be read as this one.</exception>
    public abstract ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor);

    /// <summary>The handle of a map per key.</summary>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="descriptor">Names the state.</param>
    /// <returns>The handle; the same for the same name.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another kind or type.</exception>
    /// <exception cref="StateIncompatibleException">The restored state cannot be read as this one.</exception>
    public abstract MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull;

    /// <summary>
    /// Freezes the state as it is now, in a time that depends on the number of key groups and not on the number of keys. The backend can be
    /// used on at once; what the frozen state still needs is copied before it changes.
    /// </summary>
    /// <returns>The frozen state, to be written by any thread and disposed of.</returns>
    public abstract FrozenKeyedState Freeze();

    /// <summary>
    /// Takes over the state of this backend's key groups from snapshots, which may have been written at another parallelism: other key groups
    /// are passed over. Must come before any state is asked for.
    /// </summary>
    /// <param name="snapshots">The snapshots of all subtasks, or of those whose key groups overlap with this backend's.</param>
    /// <exception cref="InvalidOperationException">A state has been asked for already, or a key group is there twice.</exception>
    /// <exception cref="StateIncompatibleException">A snapshot was written with another number of key groups.</exception>
    public abstract void Restore(IEnumerable<KeyedStateSnapshot> snapshots);

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
