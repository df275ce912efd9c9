namespace Millrace.Checkpointing;

/// <summary>
/// Where checkpoints and savepoints are kept: named files below one root, each written whole and never changed. The engine keeps formats, checksums,
/// names and cleaning up to itself; a storage only stores.
/// </summary>
/// <remarks>
/// <para>
/// Names are relative and have parts separated by <c>/</c>, for example <c>my-job/chk-7/_metadata</c>; they have only letters, digits,
/// <c>-</c>, <c>_</c> and <c>.</c> beside it.
/// </para>
/// <para>
/// Safe for use by several threads. Methods may block: the engine calls them on threads of its own, never on the data path nor on the thread pool.
/// What is wrong with the storage (full, unreachable, not allowed) is an <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>
/// whose message says what to do; the engine then fails the checkpoint and not the job, as far as it may.
/// </para>
/// </remarks>
public abstract class CheckpointStorage
{
    /// <summary>Names the storage for people, for example <c>folder /var/lib/millrace</c> or <c>s3://bucket/prefix</c>.</summary>
    public abstract string Description { get; }

    /// <summary>Begins a file. Nobody sees it before it is completed.</summary>
    /// <param name="name">The name. A completed file of that name is replaced.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The file to write; disposing of it without completing it leaves nothing behind.</returns>
    /// <exception cref="IOException">The storage cannot take it.</exception>
    public abstract StorageOutput Create(string name, CancellationToken cancellationToken = default);

    /// <summary>Creates a small file if there is none of that name: of several that try at once, in any process, exactly one succeeds. The file is durable when this returns.</summary>
    /// <param name="name">The name.</param>
    /// <param name="content">All of the file.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>Whether it was created; false where there is one already.</returns>
    /// <exception cref="IOException">The storage cannot take it, or it is not known whether it did.</exception>
    public abstract bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Opens a file for reading.</summary>
    /// <param name="name">The name.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>A stream over the file; it can seek and knows its length.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public abstract Stream OpenRead(string name, CancellationToken cancellationToken = default);

    /// <summary>All files whose names begin with a folder's name, at any depth, in the order of their names (ordinal).</summary>
    /// <param name="folder">The folder, without a slash at the end; empty for everything.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The files; none where there is no such folder.</returns>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public abstract IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default);

    /// <summary>Removes files. One that is not there is no error.</summary>
    /// <param name="names">The names.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="IOException">Not all could be removed.</exception>
    public abstract void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes a file of this machine that nobody will change into the storage without copying it, for example by a hard link. A storage that
    /// cannot leaves it to the caller to write the file.
    /// </summary>
    /// <param name="localPath">The file.</param>
    /// <param name="name">Its name in the storage.</param>
    /// <returns>Whether it was taken.</returns>
    public virtual bool TryImport(string localPath, string name) => false;

    /// <summary>The other way: gives a file a place on this machine without copying it.</summary>
    /// <param name="name">Its name in the storage.</param>
    /// <param name="localPath">Where it is to appear; there is nothing yet.</param>
    /// <returns>Whether it is there now.</returns>
    public virtual bool TryExport(string name, string localPath) => false;
}

/// <summary>A file of a storage.</summary>
/// <param name="Name">The name.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Modified">When it was written, by the storage's clock.</param>
public readonly record struct StoredFile(string Name, long Length, DateTimeOffset Modified);
