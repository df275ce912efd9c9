using System.Diagnostics;
using System.Globalization;

namespace Millrace.Checkpointing;

/// <summary>Keeps checkpoints in a folder of this machine, or of a network file system that several machines see.</summary>
/// <remarks>
/// <para>
/// A file is written under a hidden temporary name below <c>.tmp</c>, forced to the disk and then renamed, so that it is seen whole or not at all, also
/// after the power went. <see cref="TryCreate"/> is decided by the file system itself (a hard link, or a rename that does not replace).
/// </para>
/// <para>Safe for use by several threads and by several processes.</para>
/// </remarks>
public sealed class DirectoryCheckpointStorage : CheckpointStorage
{
    private const string TemporaryFolder = ".tmp";
    private const int BufferSize = 128 * 1024;

    // A folder that another thread removes because it is empty, just when a file is to be moved into it, is made again; not for ever.
    private const int FolderAttempts = 20;

    private readonly string _root;
    private int _sweptLeftovers;

    /// <summary>Creates the storage. The folder is made when the first file is written.</summary>
    /// <param name="path">The folder; a relative path is relative to the working directory of now.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public DirectoryCheckpointStorage(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
    }

    /// <inheritdoc/>
    public override string Description => $"folder {_root}";

    /// <inheritdoc/>
    public override StorageOutput Create(string name, CancellationToken cancellationToken = default)
    {
        string target = PathOf(name);
        cancellationToken.ThrowIfCancellationRequested();
        return new DirectoryStorageOutput(this, target, NewTemporary());
    }

    /// <inheritdoc/>
    public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default)
    {
        string target = PathOf(name);
        cancellationToken.ThrowIfCancellationRequested();
        string temporary = NewTemporary();
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            return IntoPlace(temporary, target, () => FileLinks.TryMoveNew(temporary, target));
        }
        catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
        {
            throw FolderErrors.CannotWrite(target, exception);
        }
        finally
        {
            RemoveQuietly(temporary);
        }
    }

    /// <inheritdoc/>
    public override Stream OpenRead(string name, CancellationToken cancellationToken = default)
    {
        string path = PathOf(name);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferSize, FileOptions.SequentialScan);
        }
        catch (DirectoryNotFoundException exception)
        {
            throw new FileNotFoundException($"There is no file {path}.", path, exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw FolderErrors.CannotRead(path, exception);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string start = folder.Length == 0 ? _root : PathOf(folder);
        List<StoredFile> files = [];
        try
        {
            Collect(new DirectoryInfo(start), folder, files, cancellationToken);
        }
        catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
        {
            throw FolderErrors.CannotRead(start, exception);
        }

        files.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return files;
    }

    /// <inheritdoc/>
    public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        List<Exception> errors = [];
        HashSet<string> folders = [];
        foreach (string name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string path = PathOf(name);
            try
            {
                File.Delete(path);
                folders.Add(Path.GetDirectoryName(path)!);
            }
            catch (DirectoryNotFoundException)
            {
                // Gone with its folder already.
            }
            catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
            {
                errors.Add(FolderErrors.CannotDelete(path, exception));
            }
        }

        foreach (string folder in folders)
        {
            RemoveEmpty(folder);
        }

        if (errors.Count > 0)
        {
            throw new IOException($"{errors.Count} of {names.Count} files could not be deleted. The first: {errors[0].Message}", errors[0]);
        }
    }

    /// <inheritdoc/>
    /// <remarks>By a hard link, where the file is on the same file system.</remarks>
    public override bool TryImport(string localPath, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(localPath);
        string target = PathOf(name);
        try
        {
            // At once under its final name: a link is as old as the file and nobody has locked it, so that in the folder for temporary files
            // another process would take it for a leftover.
            if (!IntoPlace(localPath, target, () => Link(localPath, target)))
            {
                return false;
            }

            // Whoever wrote the file need not have forced it to the disk. Nobody names it before this has returned.
            using var file = new FileStream(target, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            file.Flush(flushToDisk: true);
            return true;
        }
        catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
        {
            throw FolderErrors.CannotWrite(target, exception);
        }
    }

    /// <inheritdoc/>
    /// <remarks>By a hard link, where the place is on the same file system. Whoever changes the file there changes it here.</remarks>
    public override bool TryExport(string name, string localPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(localPath);
        return FileLinks.TryLink(PathOf(name), localPath);
    }

    /// <summary>Renames a temporary file to its final name, replacing what is there, and makes that durable.</summary>
    internal void MoveIntoPlace(string temporary, string target) => IntoPlace(temporary, target, () =>
    {
        File.Move(temporary, target, overwrite: true);
        return true;
    });

    private static bool IntoPlace(string temporary, string target, Func<bool> move)
    {
        string folder = Path.GetDirectoryName(target)!;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                MakeFolder(folder);
                bool moved = move();
                if (moved)
                {
                    FileLinks.FlushFolder(folder);
                }

                return moved;
            }
            catch (Exception exception) when (exception is DirectoryNotFoundException or FileNotFoundException && attempt < FolderAttempts && File.Exists(temporary))
            {
                // The folder was removed as empty before the file was in it. It may be there again already.
            }
        }
    }

    private static bool Link(string existing, string link)
    {
        if (FileLinks.TryLink(existing, link))
        {
            return true;
        }

        // Why not is not told; a folder that was removed as empty meanwhile is made again.
        return Directory.Exists(Path.GetDirectoryName(link)) ? false : throw new DirectoryNotFoundException($"The folder of '{link}' is gone.");
    }

    // A new folder is durable only when the folder that holds it is.
    private static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        string? parent = Path.GetDirectoryName(folder);
        if (parent is not null)
        {
            MakeFolder(parent);
        }

        Directory.CreateDirectory(folder);
        if (parent is not null)
        {
            FileLinks.FlushFolder(parent);
        }
    }

    private string NewTemporary()
    {
        string folder = Path.Combine(_root, TemporaryFolder);
        try
        {
            MakeFolder(folder);
        }
        catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
        {
            throw FolderErrors.CannotWrite(folder, exception);
        }

        if (Interlocked.Exchange(ref _sweptLeftovers, 1) == 0)
        {
            SweepLeftovers(folder);
        }

        return Path.Combine(folder, Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture));
    }

    // What processes that were killed have left. A file that somebody still writes is locked, and one that is younger than this process is left to the next.
    private static void SweepLeftovers(string folder)
    {
        using var process = Process.GetCurrentProcess();
        var started = process.StartTime.ToUniversalTime();
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            try
            {
                if (File.GetLastWriteTimeUtc(path) >= started)
                {
                    continue;
                }

                using var unlocked = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None | FileShare.Delete);
                File.Delete(path);
            }
            catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
            {
                // In use, or not ours to remove: it is in nobody's way.
            }
        }
    }

    private void RemoveEmpty(string folder)
    {
        try
        {
            for (string? level = folder; level is not null && level.Length > _root.Length; level = Path.GetDirectoryName(level))
            {
                Directory.Delete(level, recursive: false);
            }
        }
        catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
        {
            // Not empty, or somebody was faster.
        }
    }

    internal static void RemoveQuietly(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (FolderErrors.IsOfStorage(exception))
        {
            // A leftover that a later process removes.
        }
    }

    private static void Collect(DirectoryInfo directory, string folder, List<StoredFile> files, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        FileSystemInfo[] entries;
        try
        {
            entries = directory.GetFileSystemInfos();
        }
        catch (DirectoryNotFoundException)
        {
            return;
        }

        foreach (var entry in entries)
        {
            if (entry.Name[0] == '.')
            {
                continue;
            }

            string name = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
            if (entry is DirectoryInfo child)
            {
                Collect(child, name, files, cancellationToken);
                continue;
            }

            try
            {
                files.Add(new StoredFile(name, ((FileInfo)entry).Length, entry.LastWriteTimeUtc));
            }
            catch (FileNotFoundException)
            {
                // Deleted meanwhile.
            }
        }
    }

    private string PathOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        foreach (var range in name.AsSpan().Split('/'))
        {
            var part = name.AsSpan(range);
            if (part.IsEmpty || part[0] == '.' || part.ContainsAnyExcept(AllowedCharacters))
            {
                throw new ArgumentException($"'{name}' is no name of a stored file: its parts, separated by '/', have letters, digits, '-', '_' and '.', and do not begin with a '.'.", nameof(name));
            }
        }

        return Path.Combine(_root, name.Replace('/', Path.DirectorySeparatorChar));
    }

    private static readonly System.Buffers.SearchValues<char> AllowedCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
}
