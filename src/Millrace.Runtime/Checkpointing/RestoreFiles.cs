using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing;

/// <summary>Opens the files of a checkpoint for those who restore from it.</summary>
internal sealed class RestoreFiles(CheckpointReader reader) : IRestoreFiles
{
    /// <summary>Whether files of the checkpoint may be named again by later ones.</summary>
    public bool IsKept => reader.IsKept;

    public NativeSnapshotSource Native => reader.AsNativeSource();

    // What a large file's own checksums find is damage of the checkpoint like any other: the job falls back to the one before.
    public CanonicalStateReader OpenCanonical(StateFile file) => new(
        reader.OpenSeekable(file),
        $"checkpoint {reader.Manifest.CheckpointId} of job '{reader.Manifest.JobName}', file {(file.Path.Length == 0 ? file.Name : file.Path)}",
        (what, cause) => reader.Damaged(file, what, cause));

    public ReadOnlyMemory<byte> ReadAll(StateFile file) => reader.ReadAll(file);
}
