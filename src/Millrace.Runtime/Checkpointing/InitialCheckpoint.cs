using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;

namespace Millrace.Runtime.Checkpointing;

/// <summary>What a start of a job begins with.</summary>
/// <param name="Manifest">The checkpoint or savepoint; null for none.</param>
/// <param name="Unwanted">The checkpoints of earlier runs, and the savepoint that one was stopped with, that the user does not want to go on from.</param>
/// <param name="IsClaimed">Whether it becomes the job's own.</param>
internal sealed record InitialCheckpoint(CheckpointManifest? Manifest, IReadOnlyList<long> Unwanted, bool IsClaimed = false)
{
    /// <summary>Chooses among what the job has left and what it was told to restore from. Nothing is written.</summary>
    /// <param name="store">The job's store, opened or looked at.</param>
    /// <param name="latest">The latest checkpoint of the job's own.</param>
    /// <param name="options">What the user wants.</param>
    /// <param name="jobName">For messages.</param>
    /// <exception cref="MillraceException">What is to be begun with cannot be used.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public static InitialCheckpoint Find(CheckpointStore store, CheckpointManifest? latest, CheckpointOptions options, string jobName)
    {
        IReadOnlyList<long> unwanted = [];
        if (!options.RestoreLatest)
        {
            unwanted = [.. store.Retained.Select(retained => retained.Id), .. store.StoppedWith is { } before ? [before.Id] : Array.Empty<long>()];
            store.Abandon();
        }
        else if (latest is not null)
        {
            return new InitialCheckpoint(latest, unwanted);
        }
        else
        {
            RequireNoneLeft(store, unwanted, options, jobName);
        }

        // As with a checkpoint of its own: what is in the configuration since the run before was started must not take the job back.
        if (options.RestoreFrom is not { } from || (options.RestoreLatest && store.WasStoppedSince(from.Path)))
        {
            return new InitialCheckpoint(FindStoppedWith(store, unwanted), unwanted);
        }

        if (store.StoppedWith is { } stoppedWith)
        {
            unwanted = [.. unwanted, stoppedWith.Id];
        }

        return new InitialCheckpoint(store.ReadSavepoint(from.Path), unwanted, from.Claim == ClaimMode.Claim);
    }

    /// <summary>The savepoint that the job was stopped with: what was committed with it would come again out of anything else.</summary>
    public static CheckpointManifest? FindStoppedWith(CheckpointStore store, IReadOnlyList<long> unwanted) =>
        store.StoppedWith is { } stoppedWith && !unwanted.Contains(stoppedWith.Id) ? store.ReadStoppedWith() : null;

    /// <summary>What the job had committed with checkpoints that cannot be used any more would come again: that is not done silently.</summary>
    public static void RequireNoneLeft(CheckpointStore store, IReadOnlyList<long> unwanted, CheckpointOptions options, string jobName)
    {
        int left = store.Retained.Count(retained => !unwanted.Contains(retained.Id));
        if (left > 0)
        {
            throw Storage.CheckpointErrors.NothingUsable(jobName, left, options.Storage!.Description);
        }
    }
}
