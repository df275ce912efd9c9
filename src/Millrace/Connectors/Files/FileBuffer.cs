using System.Diagnostics;

namespace Millrace.Connectors;

/// <summary>A window on a file that slides forward and grows when a row is longer than it.</summary>
internal sealed class FileBuffer
{
    private readonly Stream _stream;
    private byte[] _bytes;
    private int _start;
    private int _end;
    private long _endPosition;

    public FileBuffer(Stream stream, int size)
    {
        _stream = stream;
        _bytes = GC.AllocateUninitializedArray<byte>(Math.Max(1, size));
        _endPosition = stream.Position;
        if (_endPosition == 0)
        {
            SkipByteOrderMark();
        }
    }

    /// <summary>Where <see cref="Unread"/> begins in the file.</summary>
    public long Position => _endPosition - (_end - _start);

    public ReadOnlySpan<byte> Unread => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Whether the file ends with <see cref="Unread"/>.</summary>
    public bool EndOfFile { get; private set; }

    /// <summary>Whether the file begins with the byte order mark of UTF-16, which no format here reads.</summary>
    public bool IsUtf16 { get; private set; }

    public void Advance(int count)
    {
        Debug.Assert(count <= _end - _start);
        _start += count;
    }

    /// <summary>Reads on; <see cref="Unread"/> is longer afterwards, or <see cref="EndOfFile"/> is true.</summary>
    public void Fill()
    {
        if (_start > 0)
        {
            Unread.CopyTo(_bytes);
            _end -= _start;
            _start = 0;
        }

        if (_end == _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, 2L * _bytes.Length));
        }

        int read = _stream.Read(_bytes.AsSpan(_end));
        _end += read;
        _endPosition += read;
        EndOfFile = read == 0;
    }

    private void SkipByteOrderMark()
    {
        while (_end < 3 && !EndOfFile)
        {
            Fill();
        }

        if (Unread.StartsWith("\uFEFF"u8))
        {
            Advance(3);
        }

        IsUtf16 = Unread is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..];
    }
}
