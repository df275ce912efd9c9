using Millrace.StateProcessing;

namespace Millrace.Checkpointing;

/// <summary>What can be done with savepoints beside running jobs.</summary>
public static class Savepoints
{
    /// <summary>
    /// Deletes a savepoint: the files that belong to it, and no others in its folder. Not for one that a job has claimed (<see cref="ClaimMode.Claim"/>): that one is the job's.
    /// </summary>
    /// <param name="storage">Where it is.</param>
    /// <param name="path">Its folder; the root of the storage may be in front of it.</param>
    /// <param name="cancellationToken">Gives up before it begins.</param>
    /// <returns>Complete when the savepoint is gone.</returns>
    /// <exception cref="MillraceException">There is none, it cannot be read, it is the checkpoint of a job, or a job has claimed it.</exception>
    /// <exception cref="IOException">Not all could be deleted.</exception>
    public static Task DisposeAsync(CheckpointStorage storage, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(storage);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Task.Run(() => SavepointFiles.StoreOf(storage).DisposeSavepoint(path), cancellationToken);
    }
}
