using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Millrace.Checkpointing;

/// <summary>
/// Writes a file from its beginning to its end, and past the system's page cache when it is large and the system can: nobody is going to read it soon, and copying
/// it into the cache cost more of a core than making the bytes.
/// </summary>
internal sealed partial class LargeFileStream : Stream
{
    // A write past the cache waits for the disk, so it is to be large; with 4 MB it was no faster.
    private const int BlockSize = 1 << 20;

    // What every disk takes as the unit of a write.
    private const int Alignment = 4096;

    // As many files as are usually written at the same time.
    private const int BuffersKept = 4;

    private const int GetFlags = 3; // F_GETFL
    private const int SetFlags = 4; // F_SETFL

    private static readonly ConcurrentBag<byte[]> Buffers = [];

    private readonly SafeFileHandle _handle;
    private byte[]? _buffer;
    private int _start;
    private int _count;
    private long _written;
    private bool _isLarge;
    private bool _bypasses;

    /// <summary>Creates the file. Nobody else may open it: a lock that is held says to other processes that it is no leftover.</summary>
    /// <param name="path">The file; there is none yet.</param>
    public LargeFileStream(string path) => _handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _written + _count;

    public override long Position
    {
        get => Length;
        set => throw new NotSupportedException();
    }

    /// <summary>Whether what was written so far went past the cache.</summary>
    internal bool BypassesCache => _bypasses;

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var room = Block[_count..];
            var part = buffer[..Math.Min(room.Length, buffer.Length)];
            part.CopyTo(room);
            _count += part.Length;
            buffer = buffer[part.Length..];
            if (_count == BlockSize)
            {
                WriteBlock();
            }
        }
    }

    public override void Flush()
    {
        // There is no reader to flush for; End does it once.
    }

    /// <summary>Makes the file durable and closes it.</summary>
    public void End()
    {
        // The rest is no whole number of the disk's units.
        UseCache();
        RandomAccess.Write(_handle, Block[.._count], _written);
        _written += _count;
        _count = 0;
        RandomAccess.FlushToDisk(_handle);
        Dispose();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _handle.Dispose();
            if (_buffer is { } buffer)
            {
                _buffer = null;
                if (Buffers.Count < BuffersKept)
                {
                    Buffers.Add(buffer);
                }
            }
        }

        base.Dispose(disposing);
    }

    private Span<byte> Block
    {
        get
        {
            if (_buffer is null)
            {
                // On the heap of pinned objects, where its address stays what it is.
                _buffer = Buffers.TryTake(out byte[]? kept) ? kept : GC.AllocateUninitializedArray<byte>(BlockSize + Alignment, pinned: true);
                nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_buffer, 0);
                _start = (int)((Alignment - (address % Alignment)) % Alignment);
            }

            return _buffer.AsSpan(_start, BlockSize);
        }
    }

    private void WriteBlock()
    {
        if (!_isLarge)
        {
            _isLarge = true;
            _bypasses = TrySetBypass(true);
        }

        try
        {
            RandomAccess.Write(_handle, Block, _written);
        }
        catch (Exception exception) when (_bypasses && exception is IOException or ArgumentException)
        {
            // A file system that promises it and does not do it, or a disk that became full amid a block: written in the usual way it goes, or fails with the cause.
            UseCache();
            RandomAccess.Write(_handle, Block, _written);
        }

        _written += BlockSize;
        _count = 0;
    }

    private void UseCache()
    {
        if (_bypasses)
        {
            _bypasses = false;
            TrySetBypass(false);
        }
    }

    // .NET opens no file with O_DIRECT; it can be set afterwards, and its number depends on the processor.
    private bool TrySetBypass(bool on)
    {
        int direct = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 0x4000,
            Architecture.Arm64 => 0x10000,
            _ => 0,
        };
        if (!OperatingSystem.IsLinux() || direct == 0)
        {
            return false;
        }

        int flags = Control(_handle, GetFlags, 0);
        return flags >= 0 && Control(_handle, SetFlags, on ? flags | direct : flags & ~direct) == 0;
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, nint argument);
}
