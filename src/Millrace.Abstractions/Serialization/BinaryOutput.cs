using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Millrace.Serialization;

/// <summary>Writes the engine's compact binary format: little endian, variable-length integers, UTF-8 strings.</summary>
/// <remarks>A stack-only view of a growing buffer: pass it by reference and call <see cref="Flush"/> when done.</remarks>
public ref struct BinaryOutput
{
    private const int MaxVarUInt = 10;

    private readonly IBufferWriter<byte> _writer;
    private Span<byte> _span;
    private int _position;
    private long _flushed;

    /// <summary>Creates an output over a buffer writer.</summary>
    /// <param name="writer">Takes the bytes.</param>
    public BinaryOutput(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        _writer = writer;
    }

    /// <summary>How many bytes have been written through this output.</summary>
    public readonly long BytesWritten => _flushed + _position;

    /// <summary>Hands all written bytes to the buffer writer.</summary>
    public void Flush()
    {
        if (_position > 0)
        {
            _writer.Advance(_position);
            _flushed += _position;
            _position = 0;
        }

        _span = default;
    }

    /// <summary>Writes a byte.</summary>
    /// <param name="value">The byte.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteByte(byte value)
    {
        Ensure(1);
        _span[_position++] = value;
    }

    /// <summary>Writes a bool as one byte.</summary>
    /// <param name="value">The value.</param>
    public void WriteBoolean(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    /// <summary>Writes an unmanaged value with its fixed size, little endian.</summary>
    /// <typeparam name="T">A primitive number type, without padding.</typeparam>
    /// <param name="value">The value.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteFixed<T>(T value)
        where T : unmanaged, IBinaryInteger<T>
    {
        int size = Unsafe.SizeOf<T>();
        Ensure(size);

        // Not WriteLittleEndian: it is a default member of the interface, and a call of it boxes the number.
        value.TryWriteLittleEndian(_span[_position..], out _);
        _position += size;
    }

    /// <summary>Writes a double with 8 bytes.</summary>
    /// <param name="value">The value.</param>
    public void WriteDouble(double value) => WriteFixed(BitConverter.DoubleToInt64Bits(value));

    /// <summary>Writes a float with 4 bytes.</summary>
    /// <param name="value">The value.</param>
    public void WriteSingle(float value) => WriteFixed(BitConverter.SingleToInt32Bits(value));

    /// <summary>Writes an unsigned number with 7 bits a byte, low bits first: 1 to 10 bytes.</summary>
    /// <param name="value">The value.</param>
    public void WriteVarUInt(ulong value)
    {
        Ensure(MaxVarUInt);
        while (value >= 0x80)
        {
            _span[_position++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _span[_position++] = (byte)value;
    }

    /// <summary>Writes a signed number in zigzag encoding: numbers near zero are short.</summary>
    /// <param name="value">The value.</param>
    public void WriteVarInt(long value) => WriteVarUInt((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes bytes as they are, without a length.</summary>
    /// <param name="bytes">The bytes.</param>
    public void WriteRaw(scoped ReadOnlySpan<byte> bytes)
    {
        Ensure(bytes.Length);
        bytes.CopyTo(_span[_position..]);
        _position += bytes.Length;
    }

    /// <summary>Writes a string: its length in UTF-8 bytes, then the bytes. Lone surrogates are refused.</summary>
    /// <param name="value">The string.</param>
    /// <exception cref="EncoderFallbackException">The string has a lone surrogate.</exception>
    public void WriteString(scoped ReadOnlySpan<char> value)
    {
        int length = StrictUtf8.GetByteCount(value);
        WriteVarUInt((ulong)length);
        Ensure(length);
        StrictUtf8.GetBytes(value, _span[_position..]);
        _position += length;
    }

    /// <summary>Writes a string: its length in UTF-8 bytes and 1, then the bytes. Lone surrogates are refused.</summary>
    internal void WriteText(scoped ReadOnlySpan<char> value)
    {
        // Most text has as many bytes as letters: it is known before that there are, and there is no need to look at it twice.
        Ensure(value.Length + MaxVarUInt);
        int start = _position;
        WriteVarUInt((ulong)value.Length + 1);
        if (Ascii.FromUtf16(value, _span[_position..], out int length) == OperationStatus.Done)
        {
            _position += length;
            return;
        }

        _position = start;
        length = StrictUtf8.GetByteCount(value);
        WriteVarUInt((ulong)length + 1);
        Ensure(length);
        StrictUtf8.GetBytes(value, _span[_position..]);
        _position += length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Ensure(int size)
    {
        if (_span.Length - _position < size)
        {
            Grow(size);
        }
    }

    private void Grow(int size)
    {
        Flush();
        _span = _writer.GetSpan(Math.Max(size, 256));
    }

    internal static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
