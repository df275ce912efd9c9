using Millrace.Checkpointing;

namespace Millrace.Hosting;

/// <summary>
/// Checks the jobs of a host against what they would go on from, each as it is configured and with the host's services, before the host is started: no job runs and none is disturbed.
/// </summary>
/// <seealso cref="StreamExecutionEnvironment.CheckUpgradeAsync(string, UpgradeCheckOptions, CancellationToken)"/>
public interface IMillraceUpgradeCheck
{
    /// <summary>Checks all jobs that keep checkpoints.</summary>
    /// <param name="openFunctions">As in <see cref="UpgradeCheckOptions.OpenFunctions"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A report for each, in the order in which the jobs were added.</returns>
    /// <exception cref="GraphException">A job or its configuration is wrong.</exception>
    /// <exception cref="MillraceException">A savepoint is missing or damaged.</exception>
    /// <exception cref="IOException">A storage cannot be read.</exception>
    Task<IReadOnlyList<UpgradeReport>> CheckAllAsync(bool openFunctions = true, CancellationToken cancellationToken = default);

    /// <summary>Checks one job.</summary>
    /// <param name="job">Its name, in any case of letters.</param>
    /// <param name="options">What to check against; <see langword="null"/> for what the job would go on from.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The report.</returns>
    /// <exception cref="KeyNotFoundException">There is no job of that name.</exception>
    /// <exception cref="GraphException">The job or its configuration is wrong.</exception>
    /// <exception cref="MillraceException">There is nothing to look into, or the savepoint is missing or damaged.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    Task<UpgradeReport> CheckAsync(string job, UpgradeCheckOptions? options = null, CancellationToken cancellationToken = default);
}
