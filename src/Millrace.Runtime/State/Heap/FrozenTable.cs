using System.Buffers;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>A state as it was when it was frozen. Used by one thread at a time.</summary>
internal abstract class FrozenTable
{
    /// <summary>Writes the groups one by one and releases each at once.</summary>
    public abstract StateSnapshot Write(ArrayBufferWriter<byte> buffer, Action throwIfAbandoned);

    /// <summary>Releases the groups that are not released yet.</summary>
    public abstract void Release();
}

/// <inheritdoc/>
internal sealed class FrozenHeapTable<TKey, TNamespace, TValue>(
    StateIdentity identity,
    HeapTableCodec<TKey, TNamespace, TValue> codec,
    int firstGroup,
    HeapGroup<TKey, TNamespace, TValue>?[] groups,
    Action released) : FrozenTable
{
    private bool _isReleased;

    public override StateSnapshot Write(ArrayBufferWriter<byte> buffer, Action throwIfAbandoned)
    {
        var written = new List<KeyGroupSnapshot>();
        for (int index = 0; index < groups.Length; index++)
        {
            if (groups[index] is not { } group)
            {
                continue;
            }

            throwIfAbandoned();
            buffer.ResetWrittenCount();
            codec.Write(group, buffer);
            written.Add(new KeyGroupSnapshot(firstGroup + index, group.Count, buffer.WrittenSpan.ToArray()));
            groups[index] = null;
            group.Unshare();
        }

        Release();
        return new StateSnapshot(identity.Name, identity.Kind, codec.Keys.Schema, codec.Namespaces.Schema, codec.Values.Schema, written);
    }

    public override void Release()
    {
        for (int index = 0; index < groups.Length; index++)
        {
            groups[index]?.Unshare();
            groups[index] = null;
        }

        if (!_isReleased)
        {
            _isReleased = true;
            released();
        }
    }
}
