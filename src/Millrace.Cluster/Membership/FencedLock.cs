namespace Millrace.Cluster.Membership;

/// <summary>
/// A lock between processes, under which a file of a folder is replaced or deleted. Whoever holds it may be killed, and the system lets go of it; or frozen, and the next one takes it away: what the frozen one was about to write is not written
/// when it goes on.
/// </summary>
/// <remarks>
/// A file is replaced by renaming another one over it, and that is how a lock is taken away. It has <em>generations</em>, each with a file that is locked and a name for the one that is renamed. Whoever ends a generation puts a folder in
/// the place of that name, for good, so that the rename fails from then on; locks the next generation; and only then looks at what it wants to replace. No clock decides: whoever is only slow may lose the lock too, and begins anew.
/// What is left of a generation is an empty folder.
/// </remarks>
internal sealed class FencedLock : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly FencedLockFiles _files;
    private readonly long _generation;
    private readonly string _temporary;
    private readonly FileStream _held;
    private FileStream? _claimed;

    private FencedLock(FencedLockFiles files, long generation, FileStream held) =>
        (_files, _generation, _temporary, _held) = (files, generation, files.Temporary(generation), held);

    /// <summary>Takes the lock; after two seconds from whoever has it, which is longer than any write takes.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">Which lock of the folder.</param>
    /// <param name="time">For how long to wait.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MillraceException">MR6003: it could not be had.</exception>
    public static async Task<FencedLock> TakeAsync(string folder, string name, TimeProvider time, CancellationToken cancellationToken)
    {
        var files = new FencedLockFiles(Path.Combine(folder, name));
        long began = time.GetTimestamp();
        long since = began;
        var patience = Patience;
        long first = files.FirstOpen();
        for (long generation = first; ;)
        {
            if (TryLock(files, generation, out var error) is { } taken)
            {
                if (taken.TryClaim())
                {
                    return taken;
                }

                taken.Dispose();
            }

            if (time.GetElapsedTime(began) > Timeout)
            {
                throw new MillraceException(
                    "MR6003", $"{files.Lock(generation)} could not be locked within {Timeout.TotalSeconds:0} s: {error?.Message ?? "others took it away again and again, which is a sign of a very slow disk."}", error);
            }

            bool isOver = files.FirstOpen() is var now && now > first;
            if (isOver || time.GetElapsedTime(since) > patience)
            {
                // Each next one is given longer: where it is the disk that is slow, one of them must come through.
                (first, generation) = isOver ? (now, now) : (first, generation + 1);
                (since, patience) = (time.GetTimestamp(), patience * 2);
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Locks a generation, if nobody has it; <see cref="TryClaim"/> is next.</summary>
    internal static FencedLock? TryLock(FencedLockFiles files, long generation, out IOException? error)
    {
        try
        {
            error = null;
            return new FencedLock(files, generation, new FileStream(files.Lock(generation), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (IOException refused) when (refused is not (DirectoryNotFoundException or PathTooLongException))
        {
            error = refused;
            return null;
        }
    }

    /// <summary>Ends the generations before this one, and takes the name that is renamed.</summary>
    /// <returns>False where this one has been ended.</returns>
    internal bool TryClaim()
    {
        for (long before = _files.FirstOpen(); before < _generation; before++)
        {
            _files.End(before);
        }

        try
        {
            // There is one if somebody was killed who had this lock, and always when something was deleted.
            File.Delete(_temporary);
            _claimed = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete, bufferSize: 0);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException && Directory.Exists(_temporary))
        {
            return false;
        }
    }

    /// <summary>Replaces a file of the folder, of which nothing may have been read before the lock was taken. The new content is on the disk before it takes the place of the old one. Once.</summary>
    /// <returns>Whether it was replaced. If not, the lock was taken away, and nothing was written.</returns>
    public bool TryReplace(string path, ReadOnlySpan<byte> content)
    {
        using (var claimed = Claimed())
        {
            claimed.Write(content);
            claimed.Flush(flushToDisk: true);
        }

        return TryMove(_temporary, path);
    }

    /// <summary>Deletes a file of the folder, as <see cref="TryReplace"/> replaces one. Once.</summary>
    /// <returns>Whether it is gone. If not, the lock was taken away, and nothing was deleted.</returns>
    public bool TryDelete(string path)
    {
        // Over the name that was taken: nothing can be moved there once it is a folder. The next one with the lock deletes it.
        Claimed().Dispose();
        return TryMove(path, _temporary);
    }

    /// <summary>Lets go of the lock. A name that was taken stays, as that of one who was killed does, and is taken over by the next one.</summary>
    public void Dispose()
    {
        _claimed?.Dispose();
        _held.Dispose();
    }

    private FileStream Claimed()
    {
        var claimed = _claimed ?? throw new InvalidOperationException("The lock is for one file.");
        _claimed = null;
        return claimed;
    }

    /// <summary>Moves a file of which one of the two names is that of the generation.</summary>
    /// <returns>False where the generation has ended.</returns>
    private bool TryMove(string from, string to)
    {
        try
        {
            File.Move(from, to, overwrite: true);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException && !File.Exists(_temporary))
        {
            return false;
        }
    }
}
