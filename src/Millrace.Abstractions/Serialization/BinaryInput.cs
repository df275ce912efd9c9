using System.Numerics;
using System.Runtime.CompilerServices;

namespace Millrace.Serialization;

/// <summary>Reads what <see cref="BinaryOutput"/> wrote.</summary>
/// <remarks>A stack-only view: pass it by reference. Reading past the end throws <see cref="EndOfStreamException"/>.</remarks>
public ref struct BinaryInput
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    /// <summary>Creates an input over bytes.</summary>
    /// <param name="bytes">The bytes to read.</param>
    public BinaryInput(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
    }

    /// <summary>How many bytes have been read.</summary>
    public readonly int Position => _position;

    /// <summary>How many bytes are left.</summary>
    public readonly int Remaining => _bytes.Length - _position;

    /// <summary>Reads a byte.</summary>
    /// <returns>The byte.</returns>
    public byte ReadByte()
    {
        Need(1);
        return _bytes[_position++];
    }

    /// <summary>Reads a bool.</summary>
    /// <returns>The value.</returns>
    /// <exception cref="InvalidDataException">The byte is neither 0 nor 1.</exception>
    public bool ReadBoolean() => ReadByte() switch
    {
        0 => false,
        1 => true,
        byte other => throw new InvalidDataException($"Byte {_position - 1} is {other}, where a bool (0 or 1) is expected."),
    };

    /// <summary>Reads an unmanaged value of fixed size, little endian.</summary>
    /// <typeparam name="T">A primitive number type.</typeparam>
    /// <returns>The value.</returns>
    public T ReadFixed<T>()
        where T : unmanaged, IBinaryInteger<T>
    {
        int size = Unsafe.SizeOf<T>();
        Need(size);
        var value = T.ReadLittleEndian(_bytes.Slice(_position, size), isUnsigned: !T.IsNegative(~T.Zero));
        _position += size;
        return value;
    }

    /// <summary>Reads a double of 8 bytes.</summary>
    /// <returns>The value.</returns>
    public double ReadDouble() => BitConverter.Int64BitsToDouble(ReadFixed<long>());

    /// <summary>Reads a float of 4 bytes.</summary>
    /// <returns>The value.</returns>
    public float ReadSingle() => BitConverter.Int32BitsToSingle(ReadFixed<int>());

    /// <summary>Reads an unsigned number of variable length.</summary>
    /// <returns>The value.</returns>
    /// <exception cref="InvalidDataException">The number does not end within 10 bytes.</exception>
    public ulong ReadVarUInt()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte next = ReadByte();
            if (shift == 63 && next > 1)
            {
                break;
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException($"A number that ends at byte {_position} has more than 64 bits.");
    }

    /// <summary>Reads a signed number of variable length.</summary>
    /// <returns>The value.</returns>
    public long ReadVarInt()
    {
        ulong zigzag = ReadVarUInt();
        return (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
    }

    /// <summary>Reads a length or count, and checks that it can be true of what is left.</summary>
    /// <param name="bytesPerItem">The fewest bytes that an item can take; 0 where an item can take none.</param>
    /// <returns>The length.</returns>
    /// <exception cref="InvalidDataException">There are not that many bytes left.</exception>
    public int ReadLength(int bytesPerItem = 1)
    {
        ulong length = ReadVarUInt();
        if (length > int.MaxValue || (long)length * bytesPerItem > Remaining)
        {
            throw new InvalidDataException($"A length of {length} at byte {_position} goes past the end: {Remaining} bytes are left.");
        }

        return (int)length;
    }

    /// <summary>Reads bytes as they are.</summary>
    /// <param name="length">How many.</param>
    /// <returns>The bytes, a view of the input.</returns>
    public ReadOnlySpan<byte> ReadRaw(int length)
    {
        Need(length);
        var bytes = _bytes.Slice(_position, length);
        _position += length;
        return bytes;
    }

    /// <summary>Reads a string.</summary>
    /// <returns>The string.</returns>
    public string ReadString() => BinaryOutput.StrictUtf8.GetString(ReadRaw(ReadLength()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Need(int size)
    {
        if ((uint)size > (uint)(_bytes.Length - _position))
        {
            ThrowEnd(size);
        }
    }

    private readonly void ThrowEnd(int size) =>
        throw new EndOfStreamException($"The data ends at byte {_bytes.Length}, but {size} bytes are expected at byte {_position}.");
}
