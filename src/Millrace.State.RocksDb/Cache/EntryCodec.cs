using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.State.RocksDb.Storage;

namespace Millrace.State.RocksDb.Cache;

/// <summary>Turns entries of a state into keys and values of the store and back. Safe for use by several threads.</summary>
/// <remarks>
/// A timer's value is the engine's own order of it, which no serializer writes, because it means nothing after a restore. It must outlive an eviction
/// though, so the store has it in eight bytes behind the value, which canonical snapshots leave out. As it has the time of the last use of a value that may expire, for the compaction to see.
/// </remarks>
internal sealed class EntryCodec<TKey, TNamespace, TValue>(
    ushort state,
    TypeSerializer<TKey> keys,
    TypeSerializer<TNamespace> namespaces,
    TypeSerializer<TValue> values,
    KeyedStateKind kind,
    StateExpiry<TValue>? expiry = null)
{
    private readonly bool _hasOrder = kind == KeyedStateKind.Timer && typeof(TValue) == typeof(long);

    public ushort State => state;

    /// <summary>Whether a copy of a value's own bytes is a copy of the value.</summary>
    public bool ValuesAreImmutable => values.IsImmutable;

    /// <summary>Appends the store's key of an entry.</summary>
    public void WriteKey(ByteBuffer buffer, int group, in TKey key, in TNamespace ns)
    {
        StoreKey.WritePrefix(buffer.GetSpan(StoreKey.PrefixLength), state, group);
        buffer.Advance(StoreKey.PrefixLength);
        var output = new BinaryOutput(buffer);
        keys.Write(ref output, in key);
        if (typeof(TNamespace) != typeof(VoidNamespace))
        {
            namespaces.Write(ref output, in ns);
        }

        output.Flush();
    }

    /// <summary>Appends the store's value of an entry.</summary>
    public void WriteValue(ByteBuffer buffer, in TValue value)
    {
        var output = new BinaryOutput(buffer);
        values.Write(ref output, in value);
        if (_hasOrder)
        {
            output.WriteFixed(Unsafe.As<TValue, long>(ref Unsafe.AsRef(in value)));
        }

        if (expiry is not null)
        {
            output.WriteFixed(expiry.LastUse(in value));
        }

        output.Flush();
    }

    /// <summary>Adds to a batch what makes the store agree with a dirty entry.</summary>
    public void WriteChange(StoreBatch batch, ByteBuffer scratch, int group, in CacheEntry<TKey, TNamespace, TValue> entry)
    {
        scratch.Clear();
        WriteKey(scratch, group, in entry.Key, in entry.Namespace);
        int keyLength = scratch.Count;
        if ((entry.Flags & EntryFlags.Absent) != 0)
        {
            batch.Delete(scratch.Written);
        }
        else
        {
            WriteValue(scratch, in entry.Value);
            batch.Put(scratch.Written[..keyLength], scratch.Written[keyLength..]);
        }
    }

    /// <summary>Reads the store's key of an entry.</summary>
    public void ReadKey(ReadOnlySpan<byte> bytes, out TKey key, out TNamespace ns)
    {
        var input = new BinaryInput(bytes[StoreKey.PrefixLength..]);
        key = keys.Read(ref input);
        ns = typeof(TNamespace) == typeof(VoidNamespace) ? default! : namespaces.Read(ref input);
    }

    /// <summary>Reads the store's value of an entry.</summary>
    public TValue ReadValue(ReadOnlySpan<byte> bytes)
    {
        var input = new BinaryInput(bytes);
        var value = values.Read(ref input);
        if (_hasOrder)
        {
            long order = BinaryPrimitives.ReadInt64LittleEndian(bytes[^sizeof(long)..]);
            Unsafe.As<TValue, long>(ref value) = order;
        }

        return value;
    }
}
