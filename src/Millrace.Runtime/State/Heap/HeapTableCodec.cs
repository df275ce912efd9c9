using Millrace.Runtime.Serialization;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>Turns key groups of a state into bytes and back.</summary>
/// <param name="Keys">Writes keys.</param>
/// <param name="KeyHasher">Hashes the keys that are read.</param>
/// <param name="Namespaces">Writes namespaces.</param>
/// <param name="Values">Writes values, and copies them when a frozen group is about to change.</param>
internal sealed record HeapTableCodec<TKey, TNamespace, TValue>(
    TypeSerializer<TKey> Keys,
    StableHasher<TKey> KeyHasher,
    TypeSerializer<TNamespace> Namespaces,
    TypeSerializer<TValue> Values)
{
    /// <summary>When entries expire, of which snapshots are written without; null where they do not or are kept.</summary>
    public StateExpiry<TValue>? Expiry { get; init; }

    /// <summary>A codec that reads what an earlier program wrote.</summary>
    /// <exception cref="StateIncompatibleException">It cannot be read as this state.</exception>
    public HeapTableCodec<TKey, TNamespace, TValue> ForReading(StateIdentity identity, StateHeader written)
    {
        if (written.Kind != identity.Kind)
        {
            throw StateErrors.KindChanged(identity, written.Kind);
        }

        // A migrated key would hash elsewhere: it would have to move to another key group, perhaps to another subtask.
        if (!SchemaComparison.SameBytes(written.Key, Keys.Schema))
        {
            throw StateErrors.KeyChanged(identity, written.Key, Keys.Schema);
        }

        try
        {
            return this with { Namespaces = Namespaces.ForReading(written.Namespace), Values = Values.ForReading(written.Value) };
        }
        catch (StateIncompatibleException exception)
        {
            throw StateErrors.Incompatible(identity, exception);
        }
    }

    /// <summary>Writes a key group, in several parts where it is large.</summary>
    public void Write(
        FrozenGroup<TKey, TNamespace, TValue> group,
        HeapEntry<TKey, TNamespace, TValue>[] buffer,
        int number,
        KeyedStateWriter writer,
        ChunkBuffer chunk,
        Action throwIfAbandoned)
    {
        int count = 0;
        long horizon = Expiry?.Horizon ?? 0;
        throwIfAbandoned();
        chunk.Reset();
        var output = new BinaryOutput(chunk.Bytes);
        int step = buffer.Length / FrozenGroup<TKey, TNamespace, TValue>.BlockSize;
        for (int first = 0; first < group.Blocks; first += step)
        {
            foreach (ref readonly var slot in group.Read(first, buffer))
            {
                if (!slot.IsFull || (Expiry is not null && Expiry.IsExpired(in slot.Value, horizon)))
                {
                    continue;
                }

                Keys.Write(ref output, in slot.Key);
                Namespaces.Write(ref output, in slot.Namespace);
                Values.Write(ref output, in slot.Value);
                count++;
                if (output.BytesWritten >= ChunkBuffer.Target)
                {
                    output.Flush();
                    writer.WriteChunk(number, count, chunk.Bytes.WrittenSpan);
                    throwIfAbandoned();
                    chunk.Reset();
                    output = new BinaryOutput(chunk.Bytes);
                    count = 0;
                }
            }

            group.Passed(first + step);
        }

        output.Flush();
        if (count > 0)
        {
            writer.WriteChunk(number, count, chunk.Bytes.WrittenSpan);
        }
    }

    /// <summary>Reads a key group into an empty one, with a codec that <see cref="ForReading"/> gave.</summary>
    /// <exception cref="MillraceException">The bytes are not what they should be.</exception>
    public void Read(
        StateIdentity identity, RestoredGroup written, HeapGroup<TKey, TNamespace, TValue> group, int maxParallelism, in SlotHasher<TNamespace> hasher)
    {
        try
        {
            foreach (var (count, bytes) in written.Parts)
            {
                Read(group, written.Group, count, bytes, maxParallelism, in hasher);
            }
        }
        catch (Exception exception) when (exception is not (MillraceException or OutOfMemoryException))
        {
            // A serializer of the user's own may throw anything.
            throw StateErrors.Unreadable(identity, written.Group, exception);
        }
    }

    private void Read(
        HeapGroup<TKey, TNamespace, TValue> group, int number, int count, ReadOnlySpan<byte> bytes, int maxParallelism, in SlotHasher<TNamespace> hasher)
    {
        var input = new BinaryInput(bytes);
        for (int entry = 0; entry < count; entry++)
        {
            var key = Keys.Read(ref input);
            var ns = Namespaces.Read(ref input);
            var value = Values.Read(ref input);
            ulong hash = KeyHasher.Hash(key);
            if (KeyGroup.Of(hash, maxParallelism) != number)
            {
                throw new InvalidDataException(
                    $"entry {entry} has a key of key group {KeyGroup.Of(hash, maxParallelism)}: the key's hash has changed since the snapshot was written");
            }

            ref var slot = ref group.Add(hasher.Stored(hash, in ns));
            slot.Key = key;
            slot.Namespace = ns;
            slot.Value = value;
        }

        if (input.Remaining != 0)
        {
            throw new InvalidDataException($"{input.Remaining} bytes are left after the last of {count} entries");
        }
    }
}
