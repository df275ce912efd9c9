using System.Buffers.Binary;

namespace Millrace.State.RocksDb.Storage;

/// <summary>Puts and deletions to be applied together, in the format of RocksDB's own write batches: one native call for all of them instead of one each.</summary>
/// <remarks>
/// <code>
/// sequence:u64 (filled in by RocksDB)  count:u32  records
/// record  1 key-length:varint key value-length:varint value  |  0 key-length:varint key
/// </code>
/// </remarks>
internal sealed class StoreBatch
{
    private const int HeaderLength = 12;
    private const byte Deletion = 0;
    private const byte Value = 1;

    private readonly ByteBuffer _bytes = new(4096);
    private int _count;

    public StoreBatch() => Clear();

    /// <summary>How many records there are.</summary>
    public int Count => _count;

    /// <summary>How many bytes they take.</summary>
    public int Length => _bytes.Count;

    /// <summary>Empties the batch; its memory stays.</summary>
    public void Clear()
    {
        _bytes.Clear();
        _bytes.GetSpan(HeaderLength)[..HeaderLength].Clear();
        _bytes.Advance(HeaderLength);
        _count = 0;
    }

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _bytes.Append(Value);
        _bytes.AppendVarUInt((uint)key.Length);
        _bytes.Append(key);
        _bytes.AppendVarUInt((uint)value.Length);
        _bytes.Append(value);
        _count++;
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        _bytes.Append(Deletion);
        _bytes.AppendVarUInt((uint)key.Length);
        _bytes.Append(key);
        _count++;
    }

    /// <summary>Adds the records of another batch.</summary>
    public void Append(StoreBatch other)
    {
        _bytes.Append(other._bytes.Written[HeaderLength..]);
        _count += other._count;
    }

    /// <summary>The batch as RocksDB reads it.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.Edit()[8..], (uint)_count);
        return _bytes.Written;
    }
}
