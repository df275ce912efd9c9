using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Checkpointing;
using Millrace.Checkpointing.Upgrades;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;

namespace Millrace;

/// <content>What would become of saved state.</content>
public sealed partial class StreamExecutionEnvironment
{
    /// <summary>
    /// Says, before a start, whether the job can start from a savepoint or checkpoint, and what becomes of each operator and state. Nothing is run, written or deleted, and a run of the job that goes on is not disturbed.
    /// Functions are opened and closed, unless <see cref="UpgradeCheckOptions.OpenFunctions"/> says otherwise; sources and sinks are not.
    /// </summary>
    /// <param name="jobName">The job's name, as in <see cref="Start"/>.</param>
    /// <param name="options">What to check against; <see langword="null"/> for what the job would go on from.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The report.</returns>
    /// <exception cref="GraphException">The graph is wrong.</exception>
    /// <exception cref="MillraceException">There is no storage to look into, there is no savepoint where one was named, or it is damaged.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    /// <example>
    /// <code>
    /// var report = await env.CheckUpgradeAsync("orders", new UpgradeCheckOptions { Savepoint = "savepoints/trial" });
    /// Console.WriteLine(report);
    /// </code>
    /// </example>
    public Task<UpgradeReport> CheckUpgradeAsync(string jobName = "job", UpgradeCheckOptions? options = null, CancellationToken cancellationToken = default)
    {
        var job = BuildJobGraph(jobName);
        options ??= new UpgradeCheckOptions();
        var storage = options.Storage ?? job.Options.Checkpoints.Storage ?? throw UpgradeErrors.NoStorage(jobName);

        // Storages may block, and so may functions while they are opened.
        return Task.Run(() => CheckUpgradeAsync(job, storage, options, cancellationToken), cancellationToken);
    }

    private async Task<UpgradeReport> CheckUpgradeAsync(JobGraph job, CheckpointStorage storage, UpgradeCheckOptions options, CancellationToken cancellationToken)
    {
        string name = job.Stream.JobName;
        var checkpoints = job.Options.Checkpoints;
        checkpoints.Storage = storage;
        var store = new CheckpointStore(storage, checkpoints.JobId ?? JobIds.From(name), checkpoints, TimeProvider, NullLogger.Instance);
        CheckpointManifest? manifest;
        if (options.Savepoint is { } path)
        {
            manifest = store.ReadSavepoint(path);
        }
        else
        {
            var opening = store.Look();
            if (opening.FinishedAt is { } finishedAt)
            {
                return new UpgradeReport
                {
                    JobName = name,
                    Path = null,
                    Notes = [$"The job has finished at {DateTimeOffset.FromUnixTimeMilliseconds(finishedAt):u}: a start does nothing, unless CheckpointOptions.RunFinishedAgain is set."],
                };
            }

            manifest = InitialCheckpoint.Find(store, opening.Latest, checkpoints, name).Manifest;
        }

        if (manifest is null)
        {
            return new UpgradeReport { JobName = name, Path = null };
        }

        bool mayDrop = options.AllowNonRestoredState ?? checkpoints.RestoreFrom?.AllowNonRestoredState ?? false;
        return await new UpgradeCheck(job, store.CreateReader(manifest), this, options.OpenFunctions, mayDrop).RunAsync(store.PathOf(manifest), cancellationToken).ConfigureAwait(false);
    }
}
