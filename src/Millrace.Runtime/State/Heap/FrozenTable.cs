using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>A state as it was when it was frozen. Used by one thread at a time.</summary>
internal abstract class FrozenTable
{
    /// <summary>Writes the groups one by one and releases each at once.</summary>
    public abstract void Write(KeyedStateWriter writer, ChunkBuffer buffer, Action throwIfAbandoned);

    /// <summary>Releases the groups that are not released yet.</summary>
    public abstract void Release();
}

/// <inheritdoc/>
internal sealed class FrozenHeapTable<TKey, TNamespace, TValue>(
    StateIdentity identity,
    HeapTableCodec<TKey, TNamespace, TValue> codec,
    int firstGroup,
    FrozenGroup<TKey, TNamespace, TValue>?[] groups,
    Action released) : FrozenTable
{
    private bool _isReleased;

    public override void Write(KeyedStateWriter writer, ChunkBuffer buffer, Action throwIfAbandoned)
    {
        writer.BeginState(new StateHeader(identity.Name, identity.Kind, codec.Keys.Schema, codec.Namespaces.Schema, codec.Values.Schema));
        HeapEntry<TKey, TNamespace, TValue>[] entries = [];
        for (int index = 0; index < groups.Length; index++)
        {
            if (groups[index] is not { } group)
            {
                continue;
            }

            if (entries.Length < group.BufferLength)
            {
                entries = new HeapEntry<TKey, TNamespace, TValue>[group.BufferLength];
            }

            codec.Write(group, entries, firstGroup + index, writer, buffer, throwIfAbandoned);
            groups[index] = null;
            group.Release();
        }

        Release();
    }

    public override void Release()
    {
        for (int index = 0; index < groups.Length; index++)
        {
            groups[index]?.Release();
            groups[index] = null;
        }

        if (!_isReleased)
        {
            _isReleased = true;
            released();
        }
    }
}
