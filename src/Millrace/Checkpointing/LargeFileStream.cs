using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Millrace.Checkpointing;

/// <summary>
/// Writes a file from its beginning to its end, and past the system's page cache when it is large and the system can: nobody is going to read it soon, and copying
/// it into the cache cost more of a core than making the bytes. While some blocks are on their way to the disk, the next one is filled.
/// </summary>
internal sealed partial class LargeFileStream : Stream
{
    // A write past the cache waits for the disk, and whoever waited for it has to wait for a processor too, so it is to be large.
    private const int BlockSize = 1 << 21;

    // Of one file. The disk is never without work while the next block is made, and the one who makes it does not stop for each.
    private const int MaxUnderWay = 3;

    // What every disk takes as the unit of a write.
    private const int Alignment = 4096;

    // As many as two files at a time need: a process that writes more at once makes new ones.
    private const int BlocksKept = 2 * (MaxUnderWay + 1);

    private const int GetFlags = 3; // F_GETFL
    private const int SetFlags = 4; // F_SETFL

    private static readonly ConcurrentBag<AlignedBlock> Kept = [];

    private readonly SafeFileHandle _handle;

    // On their way to the disk, the oldest first.
    private readonly Queue<Writing> _underWay = new(MaxUnderWay);
    private AlignedBlock? _block;
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
        while (_underWay.Count > 0)
        {
            AwaitOldest();
        }

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
            // Nobody else may have a block before the disk has let go of it. How the write ended no longer matters.
            foreach (var writing in _underWay)
            {
                ((IAsyncResult)writing.Task).AsyncWaitHandle.WaitOne();
                Keep(writing.Block);
            }

            _underWay.Clear();
            _handle.Dispose();
            if (_block is { } block)
            {
                _block = null;
                Keep(block);
            }
        }

        base.Dispose(disposing);
    }

    private Span<byte> Block => (_block ??= Kept.TryTake(out var kept) ? kept : new AlignedBlock()).Memory.Span;

    private static void Keep(AlignedBlock block)
    {
        if (Kept.Count < BlocksKept)
        {
            Kept.Add(block);
        }
    }

    private void WriteBlock()
    {
        if (!_isLarge)
        {
            _isLarge = true;
            _bypasses = TrySetBypass(true);
        }

        var block = _block!;
        _block = null;
        _underWay.Enqueue(new Writing(block, _written, RandomAccess.WriteAsync(_handle, block.Memory, _written).AsTask()));
        _written += BlockSize;
        _count = 0;
        if (_underWay.Count > MaxUnderWay)
        {
            _block = AwaitOldest();
        }
    }

    private AlignedBlock AwaitOldest()
    {
        var (block, offset, task) = _underWay.Dequeue();
        try
        {
            task.GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is IOException or ArgumentException)
        {
            // A file system that promises to bypass the cache and does not do it, or a disk that became full amid a block: written in the usual way it goes, or fails with the cause.
            UseCache();
            RandomAccess.Write(_handle, block.Memory.Span, offset);
        }

        return block;
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

    private readonly record struct Writing(AlignedBlock Block, long Offset, Task Task);

    private sealed class AlignedBlock
    {
        public AlignedBlock()
        {
            // On the heap of pinned objects, where its address stays what it is.
            byte[] buffer = GC.AllocateUninitializedArray<byte>(BlockSize + Alignment, pinned: true);
            nint address = Marshal.UnsafeAddrOfPinnedArrayElement(buffer, 0);
            Memory = buffer.AsMemory((int)((Alignment - (address % Alignment)) % Alignment), BlockSize);
        }

        public Memory<byte> Memory { get; }
    }
}
