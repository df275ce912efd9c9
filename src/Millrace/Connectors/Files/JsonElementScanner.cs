using System.Buffers;

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
internal sealed class JsonElementScanner
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);
    private static readonly SearchValues<byte> InString = SearchValues.Create("\"\\\n"u8);
    private static readonly SearchValues<byte> EndOfScalar = SearchValues.Create(",]}\"{[ \t\r\n"u8);
    private byte[] _closers = new byte[64];
    private int _depth;
    private bool _inString;

    /// <summary>How many bytes of the element are scanned.</summary>
    public int Scanned { get; private set; }

    /// <summary>What is wrong with the brackets; <see langword="null"/> when nothing is.</summary>
    public string? Error { get; private set; }

    public void Begin()
    {
        Scanned = 0;
        _depth = 0;
        _inString = false;
        Error = null;
    }

    /// <summary>The caller has dropped the bytes that are scanned.</summary>
    public void Forget() => Scanned = 0;

    /// <summary>Scans on.</summary>
    /// <param name="element">The element from its first byte, or from where <see cref="Forget"/> was called.</param>
    /// <param name="isFirst">Whether the first byte is the first of the element.</param>
    public JsonScan Scan(ReadOnlySpan<byte> element, bool isFirst)
    {
        if (isFirst && _depth == 0 && !_inString && element[0] is not ((byte)'{' or (byte)'[' or (byte)'"'))
        {
            return ScanScalar(element);
        }

        int i = Scanned;
        while (i < element.Length)
        {
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

    private JsonScan ScanScalar(ReadOnlySpan<byte> element)
    {
        // From 1: a stray bracket or comma is an element of its own, so that there is always progress.
        int start = Math.Max(1, Scanned);
        int end = start < element.Length ? element[start..].IndexOfAny(EndOfScalar) : -1;
        bool alone = element[0] is (byte)',' or (byte)'}' or (byte)']' or (byte)':';
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
