using System.Diagnostics.CodeAnalysis;

namespace Millrace.State.Backends;

/// <summary>A keyed state: (key, namespace) → value, where the namespace is for example a window.</summary>
/// <typeparam name="TKey">The type of the keys; never changed once they are in a table.</typeparam>
/// <typeparam name="TNamespace">The type of the namespaces; <see cref="VoidNamespace"/> where there is none.</typeparam>
/// <typeparam name="TValue">The type of the values.</typeparam>
/// <remarks>
/// <para>
/// Belongs to one subtask: not safe for use by several threads. A reference that a method returns is good until the next call on any state
/// of the same backend. Handing out a writable reference counts as a write, whether or not it is written to: a backend then
/// copies what a running snapshot still needs, or marks a cached entry as changed. Use <see cref="Peek"/> where reading is enough.
/// </para>
/// <para>
/// <c>hash</c> is always the key's stable 64-bit hash: its upper 32 bits choose the key group (<see cref="KeyGroup.Of"/>), its lower ones the
/// place within the group.
/// </para>
/// </remarks>
public abstract class KeyedStateTable<TKey, TNamespace, TValue>
{
    /// <summary>How many entries there are, over all keys and namespaces. May cost a walk over the key groups.</summary>
    public abstract long Count { get; }

    /// <summary>A reference to a value, which is created as <see langword="default"/> where there is none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">The key's stable hash.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="existed">Whether it was there before the call.</param>
    /// <returns>The place of the value.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's group is not one of this backend.</exception>
    public abstract ref TValue GetOrAdd(scoped in TKey key, ulong hash, scoped in TNamespace ns, out bool existed);

    /// <summary>A writable reference to a value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">The key's stable hash.</param>
    /// <param name="ns">The namespace.</param>
    /// <returns>
    /// The place of the value, or a null reference where there is none: ask
    /// <see cref="System.Runtime.CompilerServices.Unsafe.IsNullRef{T}(ref readonly T)"/> before using it.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's group is not one of this backend.</exception>
    public abstract ref TValue Find(scoped in TKey key, ulong hash, scoped in TNamespace ns);

    /// <summary>A reference for reading. A value of a reference type must not be changed through it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">The key's stable hash.</param>
    /// <param name="ns">The namespace.</param>
    /// <returns>The place of the value, or a null reference where there is none, as with <see cref="Find"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's group is not one of this backend.</exception>
    public abstract ref readonly TValue Peek(scoped in TKey key, ulong hash, scoped in TNamespace ns);

    /// <summary>Removes an entry.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">The key's stable hash.</param>
    /// <param name="ns">The namespace.</param>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's group is not one of this backend.</exception>
    public abstract bool Remove(scoped in TKey key, ulong hash, scoped in TNamespace ns);

    /// <summary>Removes an entry, and gives its value away where nobody else has it, so that its memory can be used again. What cannot be given away is removed all the same.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">The key's stable hash.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="value">The value, where it is given away: the backend has no part in it any more. Otherwise the default.</param>
    /// <returns>Whether it is given away: not where there was none, where a snapshot may still read it, or by a backend that gives none, which is the default.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's group is not one of this backend.</exception>
    public virtual bool TryTake(scoped in TKey key, ulong hash, scoped in TNamespace ns, [MaybeNullWhen(false)] out TValue value)
    {
        Remove(in key, hash, in ns);
        value = default;
        return false;
    }

    /// <summary>Removes all entries of all keys.</summary>
    public abstract void Clear();

    /// <summary>
    /// Moves a cursor to the next entry, in no particular order. Every entry is met once as long as nothing is added or removed meanwhile;
    /// changing values is allowed. Allocates nothing.
    /// </summary>
    /// <param name="cursor">The cursor; starts as <see langword="default"/>.</param>
    /// <returns>Whether there is a next entry.</returns>
    public abstract bool MoveNext(ref TableCursor cursor);

    /// <summary>The key of the entry that the last <see cref="MoveNext"/> with this cursor found.</summary>
    /// <param name="cursor">The cursor.</param>
    /// <returns>The key.</returns>
    public abstract ref readonly TKey KeyAt(in TableCursor cursor);

    /// <summary>The namespace of the entry that the last <see cref="MoveNext"/> with this cursor found.</summary>
    /// <param name="cursor">The cursor.</param>
    /// <returns>The namespace.</returns>
    public abstract ref readonly TNamespace NamespaceAt(in TableCursor cursor);

    /// <summary>A writable reference to the value of the entry that the last <see cref="MoveNext"/> with this cursor found.</summary>
    /// <param name="cursor">The cursor.</param>
    /// <returns>The place of the value.</returns>
    public abstract ref TValue ValueAt(in TableCursor cursor);

    /// <summary>The value, for reading only, of the entry that the last <see cref="MoveNext"/> with this cursor found.</summary>
    /// <param name="cursor">The cursor.</param>
    /// <returns>The place of the value.</returns>
    public abstract ref readonly TValue PeekAt(in TableCursor cursor);

    /// <summary>
    /// Whether a look-up may just now have to wait, for a disk or for memory that the processor does not have near by, so that <see cref="Prefetch(ReadOnlySpan{TKey}, ReadOnlySpan{ulong}, in TNamespace)"/> pays also where keys have to be gathered for it first.
    /// </summary>
    /// <value>Default: <see langword="false"/>.</value>
    public virtual bool IsLookUpSlow => false;

    /// <summary>
    /// Looks at some entries and removes those that have expired, for a table with <see cref="StateTableDescriptor{TNamespace, TValue}.Expiry"/>. Called again and again, whenever the state has been used for a
    /// while. A backend that removes them in another way does nothing, which is the default.
    /// </summary>
    /// <param name="cursor">Where to go on; starts as <see langword="default"/>, and is the caller's to keep.</param>
    /// <param name="entries">About how many entries to look at.</param>
    /// <param name="horizon">What was last used then, in milliseconds since 1970, or before has expired.</param>
    public virtual void RemoveExpired(ref TableCursor cursor, int entries, long horizon)
    {
    }

    /// <summary>
    /// A hint that the entries of these keys are about to be used: a backend may fetch them together. Changes nothing that can be observed.
    /// </summary>
    /// <param name="keys">The keys.</param>
    /// <param name="hashes">Their stable hashes, in the same order.</param>
    /// <param name="ns">The namespace.</param>
    /// <seealso cref="IsLookUpSlow"/>
    public virtual void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes, in TNamespace ns)
    {
    }

    /// <summary>
    /// A hint that entries of these keys are about to be used, in whatever namespace: for a backend that finds them by their keys alone, see <see cref="StateTableDescriptor{TNamespace, TValue}.HasFewNamespaces"/>. Changes nothing
    /// that can be observed.
    /// </summary>
    /// <param name="keys">The keys.</param>
    /// <param name="hashes">Their stable hashes, in the same order.</param>
    public virtual void Prefetch(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
    {
    }
}
