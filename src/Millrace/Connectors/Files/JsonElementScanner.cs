using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Millrace.Connectors;

/// <summary>What a <see cref="JsonElementScanner"/> found.</summary>
internal enum JsonScan
{
    /// <summary>The element goes on behind the bytes that were given.</summary>
    NeedsMore,

    /// <summary>The element ends at <see cref="JsonElementScanner.Scanned"/>.</summary>
    Complete,

    /// <summary>A line ends within a string, at <see cref="JsonElementScanner.Scanned"/>; where the element ends cannot be known.</summary>
    BrokenString,
}

/// <summary>
/// Finds the end of one element of a JSON array by its brackets and quotes alone, which is several times as fast as a full parse and says where a
/// broken element ends too. It remembers where it is, so that no byte is scanned twice when more is read.
/// </summary>
/// <remarks>
/// Plain stretches go 64 bytes at a time: bit masks of quotes and brackets, and a prefix xor of the quotes to see what is within a string (the idea is
/// simdjson's). What has backslashes, line breaks within strings or wrong brackets goes byte by byte.
/// </remarks>
internal sealed class JsonElementScanner
{
    private const int BlockBytes = 64;
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);
    private static readonly SearchValues<byte> InString = SearchValues.Create("\"\\\n"u8);
    private static readonly SearchValues<byte> EndOfScalar = SearchValues.Create(",]}\"{[ \t\r\n"u8);
    private byte[] _closers = new byte[64];
    private int _depth;
    private bool _inString;

    // Unknown before the first byte.
    private bool? _isScalar;
    private bool _hasForgotten;

    /// <summary>How many bytes of the element are scanned.</summary>
    public int Scanned { get; private set; }

    /// <summary>What is wrong with the brackets; <see langword="null"/> when nothing is.</summary>
    public string? Error { get; private set; }

    public void Begin()
    {
        Scanned = 0;
        _depth = 0;
        _inString = false;
        _isScalar = null;
        _hasForgotten = false;
        Error = null;
    }

    /// <summary>The caller has dropped the bytes that are scanned.</summary>
    public void Forget()
    {
        Scanned = 0;
        _hasForgotten = true;
    }

    /// <summary>Scans on.</summary>
    /// <param name="element">The element from its first byte, or from where <see cref="Forget"/> was called.</param>
    public JsonScan Scan(ReadOnlySpan<byte> element)
    {
        _isScalar ??= element[0] is not ((byte)'{' or (byte)'[' or (byte)'"');
        if (_isScalar == true)
        {
            return ScanScalar(element);
        }

        int i = Scanned;
        int blocksFrom = 0;
        while (i < element.Length)
        {
            if (Vector256.IsHardwareAccelerated && _depth > 0 && i >= blocksFrom && element.Length - i >= BlockBytes)
            {
                int scanned = ScanBlock(element.Slice(i, BlockBytes));
                if (scanned >= 0)
                {
                    i += scanned;
                    if (_depth == 0)
                    {
                        Scanned = i;
                        return JsonScan.Complete;
                    }

                    continue;
                }

                i += ~scanned;
                blocksFrom = i + BlockBytes;
            }

            if (_inString)
            {
                int next = element[i..].IndexOfAny(InString);
                if (next < 0)
                {
                    break;
                }

                i += next;
                if (element[i] == '\\')
                {
                    if (i + 1 == element.Length)
                    {
                        Scanned = i;
                        return JsonScan.NeedsMore;
                    }

                    // A line feed is never escaped by a backslash.
                    i += element[i + 1] == '\n' ? 1 : 2;
                    continue;
                }

                if (element[i] == '\n')
                {
                    Scanned = i;
                    return JsonScan.BrokenString;
                }

                _inString = false;
                i++;
                if (_depth == 0)
                {
                    Scanned = i;
                    return JsonScan.Complete;
                }
            }
            else
            {
                int next = element[i..].IndexOfAny(Structure);
                if (next < 0)
                {
                    break;
                }

                i += next;
                byte found = element[i];
                if (found is (byte)'}' or (byte)']')
                {
                    if (_closers[_depth - 1] == found)
                    {
                        _depth--;
                    }
                    else if (!TryCloseMismatched(found))
                    {
                        if (found == ']')
                        {
                            // It is the array's own end: the element has none.
                            Scanned = i;
                            return JsonScan.Complete;
                        }
                    }

                    i++;
                    if (_depth == 0)
                    {
                        Scanned = i;
                        return JsonScan.Complete;
                    }
                }
                else
                {
                    i++;
                    if (found == '"')
                    {
                        _inString = true;
                    }
                    else
                    {
                        Push(found == '{' ? (byte)'}' : (byte)']');
                    }
                }
            }
        }

        Scanned = element.Length;
        return JsonScan.NeedsMore;
    }

    /// <summary>Scans 64 bytes within brackets.</summary>
    /// <returns>
    /// How many bytes until the outermost bracket is closed or the block ends. Where what follows must be scanned byte by byte, the complement of how many
    /// bytes come before.
    /// </returns>
    private int ScanBlock(ReadOnlySpan<byte> block)
    {
        ref byte start = ref MemoryMarshal.GetReference(block);
        var low = Vector256.LoadUnsafe(ref start);
        var high = Vector256.LoadUnsafe(ref start, 32);
        if (Where(low, high, (byte)'\\') != 0)
        {
            return ~0;
        }

        ulong inString = Where(low, high, (byte)'"');
        inString ^= inString << 1;
        inString ^= inString << 2;
        inString ^= inString << 4;
        inString ^= inString << 8;
        inString ^= inString << 16;
        inString ^= inString << 32;
        inString ^= _inString ? ulong.MaxValue : 0;
        if ((Where(low, high, (byte)'\n') & inString) != 0)
        {
            return ~0;
        }

        // '[' and ']' differ from '{' and '}' by this one bit.
        var bit = Vector256.Create((byte)0x20);
        ulong brackets = (Where(low | bit, high | bit, (byte)'{') | Where(low | bit, high | bit, (byte)'}')) & ~inString;
        for (ulong rest = brackets; rest != 0; rest &= rest - 1)
        {
            int at = BitOperations.TrailingZeroCount(rest);
            byte found = block[at];
            if (found is (byte)'{' or (byte)'[')
            {
                Push(found == '{' ? (byte)'}' : (byte)']');
            }
            else if (_closers[_depth - 1] != found)
            {
                _inString = false;
                return ~at;
            }
            else if (--_depth == 0)
            {
                _inString = false;
                return at + 1;
            }
        }

        _inString = (long)inString < 0;
        return BlockBytes;
    }

    private static ulong Where(Vector256<byte> low, Vector256<byte> high, byte value)
    {
        var wanted = Vector256.Create(value);
        return Vector256.Equals(low, wanted).ExtractMostSignificantBits() | ((ulong)Vector256.Equals(high, wanted).ExtractMostSignificantBits() << 32);
    }

    private JsonScan ScanScalar(ReadOnlySpan<byte> element)
    {
        // From 1: a stray bracket or comma is an element of its own, so that there is always progress.
        int start = _hasForgotten ? Scanned : Math.Max(1, Scanned);
        int end = start < element.Length ? element[start..].IndexOfAny(EndOfScalar) : -1;
        bool alone = !_hasForgotten && element[0] is (byte)',' or (byte)'}' or (byte)']' or (byte)':';
        Scanned = alone ? 1 : end < 0 ? element.Length : start + end;
        return alone || end >= 0 ? JsonScan.Complete : JsonScan.NeedsMore;
    }

    private bool TryCloseMismatched(byte closer)
    {
        Error ??= $"expected '{(char)_closers[_depth - 1]}', found '{(char)closer}'";
        int opened = _closers.AsSpan(0, _depth).LastIndexOf(closer);
        if (opened < 0)
        {
            return false;
        }

        _depth = opened;
        return true;
    }

    private void Push(byte closer)
    {
        if (_depth == _closers.Length)
        {
            Array.Resize(ref _closers, 2 * _depth);
        }

        _closers[_depth++] = closer;
    }
}
