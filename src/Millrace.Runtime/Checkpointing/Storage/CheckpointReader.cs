using System.Buffers;
using System.IO.Hashing;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>Reads the files of one checkpoint or savepoint, and verifies what it reads. Safe for use by several threads.</summary>
/// <param name="storage">Where they are.</param>
/// <param name="manifest">Names them.</param>
/// <param name="sharedFolder">
/// The folder of shared files of the job that goes on from the checkpoint, where the checkpoint is one that the job keeps itself; else null. Those files may be named again.
/// </param>
/// <param name="restore">Knows local copies, and counts what is read; null where there are none.</param>
internal sealed class CheckpointReader(CheckpointStorage storage, CheckpointManifest manifest, string? sharedFolder = null, DeploymentRestore? restore = null)
{
    // A file up to this size is verified before a byte of it is handed out.
    private const int VerifiedAtOnce = 256 * 1024;

    // Between two pieces of this size a restore can be given up.
    private const int CopiedAtOnce = 128 * 1024;

    public CheckpointManifest Manifest => manifest;

    /// <summary>Whether files of the checkpoint may be named again by later ones.</summary>
    public bool IsKept => sharedFolder is not null;

    /// <summary>Opens a file. Its checksum is verified when its last byte is read: whoever does not read to the end cannot rely on what was read.</summary>
    /// <exception cref="MillraceException">The file is missing or damaged; thrown by the stream too.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public Stream OpenRead(StateFile file, CancellationToken cancellationToken = default)
    {
        if (file.Length <= VerifiedAtOnce)
        {
            return new MemoryStream(ReadAll(file, cancellationToken), writable: false);
        }

        return Open(file, cancellationToken);
    }

    /// <summary>
    /// Opens a file that has checksums inside, such as keyed state in the canonical format, for reading anywhere in it. A file that is not read in one piece
    /// cannot be verified as one: whoever reads verifies what is read.
    /// </summary>
    /// <exception cref="MillraceException">The file is missing, has another length, or is small and damaged.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public Stream OpenSeekable(StateFile file, CancellationToken cancellationToken = default) =>
        file.Length <= VerifiedAtOnce ? new MemoryStream(ReadAll(file, cancellationToken), writable: false) : OpenUnverified(file, cancellationToken);

    /// <summary>All bytes of a file, verified.</summary>
    /// <exception cref="MillraceException">The file is missing or damaged.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public byte[] ReadAll(StateFile file, CancellationToken cancellationToken = default)
    {
        if (file.Path.Length == 0)
        {
            return file.Length == file.Inline.Length && XxHash3.HashToUInt64(file.Inline.Span) == file.Checksum
                ? file.Inline.ToArray()
                : throw Damaged(file, "its checksum is wrong");
        }

        using var stream = Open(file, cancellationToken);
        var bytes = new byte[file.Length];
        int read = 0;
        while (read < bytes.Length)
        {
            read += stream.Read(bytes.AsSpan(read));
        }

        // Verifies a file without bytes too.
        _ = stream.ReadByte();
        return bytes;
    }

    /// <summary>Reads a file to its end, for nothing but the verification.</summary>
    /// <exception cref="MillraceException">The file is missing or damaged.</exception>
    public void Verify(StateFile file, CancellationToken cancellationToken = default)
    {
        if (file.Path.Length == 0)
        {
            _ = ReadAll(file, cancellationToken);
            return;
        }

        using var stream = Open(file, cancellationToken);
        stream.CopyTo(Stream.Null);
    }

    /// <summary>Looks whether a file is there and has the length that it should have.</summary>
    /// <exception cref="MillraceException">The file is missing, or has another length.</exception>
    public void VerifyLength(StateFile file, CancellationToken cancellationToken = default) => Open(file, cancellationToken).Dispose();

    /// <summary>Gives the files of native snapshots to a backend.</summary>
    public NativeSnapshotSource AsNativeSource() => new NativeSource(this);

    private bool MayShare(StateFile file) => sharedFolder is not null && CheckpointNames.IsIn(file.Path, sharedFolder);

    private VerifyingStream Open(StateFile file, CancellationToken cancellationToken) =>
        new(OpenUnverified(file, cancellationToken), file.Length, file.Checksum, what => Damaged(file, what));

    private Stream OpenUnverified(StateFile file, CancellationToken cancellationToken)
    {
        if (file.Path.Length > 0 && restore?.TryOpen(file, cancellationToken) is { } copy)
        {
            return copy;
        }

        Stream stream;
        try
        {
            stream = file.Path.Length == 0 ? new MemoryStream(file.Inline.ToArray(), writable: false) : storage.OpenRead(file.Path, cancellationToken);
        }
        catch (FileNotFoundException exception)
        {
            throw Damaged(file, "it is missing", exception);
        }

        long length = stream.Length;
        if (length != file.Length)
        {
            stream.Dispose();
            throw Damaged(file, $"it has {length} bytes, and {file.Length} were written");
        }

        if (file.Path.Length > 0)
        {
            restore?.ReadFromStorage(file);
        }

        return stream;
    }

    /// <summary>Says that a file is damaged, and which checkpoint and operator it belongs to.</summary>
    public MillraceException Damaged(StateFile file, string what, Exception? cause = null)
    {
        string owner = ManifestFiles.All(manifest).FirstOrDefault(item => item.File == file).Owner is { } known ? $", of {known}" : "";
        string place = file.Path.Length == 0 ? $"inline file '{file.Name}'" : $"file '{file.Path}'";
        return CheckpointErrors.Damaged($"Checkpoint {manifest.CheckpointId} of job '{manifest.JobId}': {place}{owner}", what, cause);
    }

    private void Download(StateFile file, string localPath, CancellationToken cancellationToken)
    {
        try
        {
            // Only files that are shared are known to be changed by nobody, also not by who has got them: a link to any other would let the
            // backend write into the checkpoint.
            bool mayLink = file.Path.Length > 0 && CheckpointNames.IsShared(file.Path);
            if (mayLink && restore?.TryExport(file, localPath, cancellationToken) == true)
            {
                return;
            }

            // A link is better than a copy, wherever the file is.
            if (mayLink && storage.TryExport(file.Path, localPath))
            {
                restore?.ReadFromStorage(file);
                using var stream = new VerifyingStream(File.OpenRead(localPath), file.Length, file.Checksum, what => Damaged(file, what));
                Copy(stream, Stream.Null, cancellationToken);
                return;
            }

            using var source = Open(file, cancellationToken);
            using var target = new FileStream(localPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            Copy(source, target, cancellationToken);
        }
        catch (Exception exception) when (exception is MillraceException or OperationCanceledException)
        {
            // Nothing unverified stays where the backend would look for it.
            File.Delete(localPath);
            throw;
        }
        catch (FileNotFoundException exception)
        {
            throw Damaged(file, "it is missing", exception);
        }
    }

    private static void Copy(Stream source, Stream target, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CopiedAtOnce);
        try
        {
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                target.Write(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed class NativeSource(CheckpointReader reader) : NativeSnapshotSource
    {
        public override void Download(StateFile file, string localPath, CancellationToken cancellationToken) => reader.Download(file, localPath, cancellationToken);

        public override bool MayShare(StateFile file) => reader.MayShare(file);
    }
}
