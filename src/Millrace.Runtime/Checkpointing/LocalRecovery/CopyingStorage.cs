using Millrace.Checkpointing;

namespace Millrace.Runtime.Checkpointing.LocalRecovery;

/// <summary>Writes what is written for a checkpoint into its storage, and a copy onto the worker's own disk. Nothing that is wrong with the copy is an error of the checkpoint.</summary>
/// <param name="storage">The checkpoint storage.</param>
/// <param name="copies">The copies.</param>
/// <param name="jobId">The job.</param>
/// <param name="checkpointId">The checkpoint.</param>
internal sealed class CopyingStorage(CheckpointStorage storage, LocalCopies copies, string jobId, long checkpointId) : CheckpointStorage
{
    public override string Description => storage.Description;

    public override StorageOutput Create(string name, CancellationToken cancellationToken = default)
    {
        var output = storage.Create(name, cancellationToken);

        // Where a link was possible, the copy is there already.
        return copies.Contains(name) ? output : new CopyingOutput(output, copies, name, jobId, checkpointId);
    }

    public override bool TryCreate(string name, ReadOnlySpan<byte> content, CancellationToken cancellationToken = default) => storage.TryCreate(name, content, cancellationToken);

    public override Stream OpenRead(string name, CancellationToken cancellationToken = default) => storage.OpenRead(name, cancellationToken);

    public override IReadOnlyList<StoredFile> List(string folder, CancellationToken cancellationToken = default) => storage.List(folder, cancellationToken);

    public override void Delete(IReadOnlyCollection<string> names, CancellationToken cancellationToken = default)
    {
        copies.Forget(names);
        storage.Delete(names, cancellationToken);
    }

    public override bool TryImport(string localPath, string name)
    {
        bool isImported = storage.TryImport(localPath, name);

        // Where it was not, the caller writes the file under this name.
        copies.Import(localPath, name, jobId, checkpointId, byLinkOnly: !isImported);
        return isImported;
    }

    public override bool TryExport(string name, string localPath) => storage.TryExport(name, localPath);
}
