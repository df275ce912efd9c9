namespace Millrace.State.Backends;

/// <summary>A file that belongs to a checkpoint.</summary>
/// <param name="Name">The name that the backend knows it by.</param>
/// <param name="Path">Its name in the storage; empty where the bytes are <paramref name="Inline"/>.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Checksum">XxHash3 over all its bytes.</param>
/// <param name="Inline">The bytes, where they are few.</param>
public sealed record StateFile(string Name, string Path, long Length, ulong Checksum, ReadOnlyMemory<byte> Inline = default);

/// <summary>Keyed state in a backend's own format: some files, and a few bytes that say what they mean.</summary>
/// <param name="KeyGroups">The key groups in it.</param>
/// <param name="Files">The files; those that an earlier checkpoint has written already are named again.</param>
/// <param name="Metadata">The backend's own.</param>
public sealed record NativeSnapshot(KeyGroupRange KeyGroups, IReadOnlyList<StateFile> Files, ReadOnlyMemory<byte> Metadata);

/// <summary>Takes the files of a native snapshot into the storage.</summary>
public abstract class NativeSnapshotTarget
{
    /// <summary>The checkpoint.</summary>
    public abstract long CheckpointId { get; }

    /// <summary>Whether files that were written for an earlier, completed checkpoint may be named again. Never for a savepoint, which stands for itself.</summary>
    public abstract bool MayShare { get; }

    /// <summary>Copies a file of this machine into the storage.</summary>
    /// <param name="localPath">The file; nobody changes it any more.</param>
    /// <param name="name">The name that the backend knows it by.</param>
    /// <param name="isShared">Whether a later checkpoint may name it again; the engine keeps it as long as any does.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The file, to be named in the snapshot.</returns>
    public abstract StateFile Upload(string localPath, string name, bool isShared, CancellationToken cancellationToken);
}

/// <summary>Gives the files of a native snapshot back.</summary>
public abstract class NativeSnapshotSource
{
    /// <summary>Puts a file on this machine; its checksum is verified.</summary>
    /// <param name="file">The file.</param>
    /// <param name="localPath">Where to; there is nothing yet.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MillraceException">The file is damaged or missing.</exception>
    public abstract void Download(StateFile file, string localPath, CancellationToken cancellationToken);

    /// <summary>
    /// Whether snapshots from now on may name a file again, as if this backend had written it for a completed checkpoint: where the job goes on from a checkpoint of its own,
    /// and the file was written to be shared. Not where it belongs to a savepoint or to another job, which may go away.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <returns>Whether it may be named. Default: <see langword="false"/>.</returns>
    public virtual bool MayShare(StateFile file) => false;
}
