using System.Buffers.Binary;
using Millrace.State.Backends;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb.Snapshots;

/// <summary>States between the store and the canonical format.</summary>
/// <remarks>What the store has behind a key's prefix, followed by the value, is an entry of the canonical format: nothing has to be read and written anew.</remarks>
internal static class CanonicalStates
{
    private const int ChunkLength = 1 << 20;
    private const int WaitingKeyLength = StoreKey.PrefixLength + sizeof(uint);

    /// <summary>Writes states as a snapshot of the store has them.</summary>
    public static void Write(StoreSession session, IReadOnlyList<StoredState> states, nint snapshot, KeyedStateWriter writer, Action throwIfAbandoned)
    {
        foreach (var state in states)
        {
            throwIfAbandoned();
            writer.BeginState(state.Header);
            var (start, end) = StoreKey.BoundsOf(state.Id, session.Range);
            using var entries = session.Store.Iterate(start, end, snapshot);
            if (state.IsWaiting)
            {
                WriteWaiting(entries, writer, throwIfAbandoned);
            }
            else
            {
                WriteEntries(entries, EntryOverhead(state), state.Horizon, writer, throwIfAbandoned);
            }
        }
    }

    /// <summary>Keeps a state as it was restored until somebody asks for it.</summary>
    /// <returns>How many entries each key group of the subtask has.</returns>
    public static long[] Keep(StoreSession session, ushort id, KeyedStateReader snapshot, StateHeader header)
    {
        long[] counts = new long[session.Range.Count];
        uint part = 0;
        var value = new ByteBuffer();
        Span<byte> key = stackalloc byte[WaitingKeyLength];
        foreach (var chunk in snapshot.ReadChunks(header, session.Range))
        {
            counts[chunk.Group - session.Range.Start] += chunk.Count;
            WriteWaitingKey(key, id, chunk.Group, part++);
            value.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(value.GetSpan(sizeof(uint)), (uint)chunk.Count);
            value.Advance(sizeof(uint));
            value.Append(chunk.Entries.Span);
            session.Batch.Put(key, value.Written);
            session.WriteIfLong();
        }

        session.WriteBatch();
        return counts;
    }

    /// <summary>How many entries a waiting part has.</summary>
    public static int CountOf(ReadOnlySpan<byte> part) => (int)BinaryPrimitives.ReadUInt32LittleEndian(part);

    /// <summary>The entries of a waiting part.</summary>
    public static ReadOnlySpan<byte> EntriesOf(ReadOnlySpan<byte> part) => part[sizeof(uint)..];

    private static int EntryOverhead(StoredState state) =>
        (state.Header.Kind == KeyedStateKind.Timer ? sizeof(long) : 0) + ((state.Id & StoreKey.ExpiringStates) == 0 ? 0 : StoreKey.LastUseLength);

    private static void WriteWaitingKey(Span<byte> key, ushort id, int group, uint part)
    {
        StoreKey.WritePrefix(key, id, group);
        BinaryPrimitives.WriteUInt32BigEndian(key[StoreKey.PrefixLength..], part);
    }

    private static void WriteWaiting(StoreIterator parts, KeyedStateWriter writer, Action throwIfAbandoned)
    {
        while (parts.MoveNext())
        {
            throwIfAbandoned();
            writer.WriteChunk(StoreKey.GroupOf(parts.Key), CountOf(parts.Value), EntriesOf(parts.Value));
        }
    }

    private static void WriteEntries(StoreIterator entries, int overhead, long? horizon, KeyedStateWriter writer, Action throwIfAbandoned)
    {
        var chunk = new ByteBuffer(ChunkLength + 4096);
        int group = -1;
        int count = 0;
        while (entries.MoveNext())
        {
            if (horizon is not null && StoreKey.LastUseOf(entries.Value) <= horizon)
            {
                continue;
            }

            var key = entries.Key;
            int next = StoreKey.GroupOf(key);
            if (count > 0 && (next != group || chunk.Count >= ChunkLength))
            {
                throwIfAbandoned();
                writer.WriteChunk(group, count, chunk.Written);
                chunk.Clear();
                count = 0;
            }

            group = next;
            chunk.Append(key[StoreKey.PrefixLength..]);
            var value = entries.Value;
            chunk.Append(value[..^overhead]);
            count++;
        }

        if (count > 0)
        {
            writer.WriteChunk(group, count, chunk.Written);
        }
    }
}
