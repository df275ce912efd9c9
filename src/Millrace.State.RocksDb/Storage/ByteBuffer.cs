using System.Buffers;

namespace Millrace.State.RocksDb.Storage;

/// <summary>A growing array of bytes that keeps its memory when it is emptied.</summary>
internal sealed class ByteBuffer(int capacity = 256) : IBufferWriter<byte>
{
    private byte[] _bytes = new byte[capacity];
    private int _count;

    /// <summary>How many bytes there are.</summary>
    public int Count => _count;

    /// <summary>The bytes; good until the buffer changes.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _count);

    /// <summary>Empties the buffer.</summary>
    public void Clear() => _count = 0;

    /// <summary>Forgets all bytes behind a place.</summary>
    public void TruncateTo(int count) => _count = count;

    public void Advance(int count) => _count += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(_count);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(Math.Max(sizeHint, 1));
        return _bytes.AsSpan(_count);
    }

    /// <summary>Appends bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        Ensure(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_count));
        _count += bytes.Length;
    }

    /// <summary>Appends a byte.</summary>
    public void Append(byte value)
    {
        Ensure(1);
        _bytes[_count++] = value;
    }

    /// <summary>Appends a number with 7 bits a byte.</summary>
    public void AppendVarUInt(uint value)
    {
        Ensure(5);
        while (value >= 0x80)
        {
            _bytes[_count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _bytes[_count++] = (byte)value;
    }

    /// <summary>All bytes, to be changed in place.</summary>
    public Span<byte> Edit() => _bytes.AsSpan(0, _count);

    private void Ensure(int more)
    {
        if (_bytes.Length - _count < more)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Math.Max((long)_bytes.Length * 2, (long)_count + more), Array.MaxLength));
        }
    }
}
