using System.Buffers;

namespace Millrace.Connectors;

/// <summary>
/// Says on which line a byte of a file is, by reading the file again. Lines are needed for messages only, so that the reading of good rows need
/// not count them, nor a split carry them.
/// </summary>
internal sealed class LineCounter(string path, FileCompression compression)
{
    private long _position;
    private long _line = 1;

    public long LineAt(long position)
    {
        if (position < _position)
        {
            (_position, _line) = (0, 1);
        }

        using var file = SourceFile.Open(path, compression);
        file.Position = _position;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        while (_position < position)
        {
            int read = file.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, position - _position)));
            if (read == 0)
            {
                break;
            }

            _line += buffer.AsSpan(0, read).Count((byte)'\n');
            _position += read;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return _line;
    }
}
