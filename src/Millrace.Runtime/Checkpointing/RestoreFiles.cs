using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;

namespace Millrace.Runtime.Checkpointing;

/// <summary>Opens the files of a checkpoint for those who restore from it.</summary>
internal sealed class RestoreFiles(CheckpointReader reader) : IRestoreFiles
{
    public NativeSnapshotSource Native => reader.AsNativeSource();

    public CanonicalStateReader OpenCanonical(StateFile file) =>
        new CanonicalStateReader(reader.OpenSeekable(file), $"checkpoint {reader.Manifest.CheckpointId} of job '{reader.Manifest.JobName}', file {(file.Path.Length == 0 ? file.Name : file.Path)}");

    public ReadOnlyMemory<byte> ReadAll(StateFile file) => reader.ReadAll(file);
}
