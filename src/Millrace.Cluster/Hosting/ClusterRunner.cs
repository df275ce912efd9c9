using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Millrace.Hosting;

namespace Millrace.Cluster.Hosting;

/// <summary>Tells the host that its jobs run in the cluster, and how they are.</summary>
/// <param name="services">The host's services.</param>
/// <param name="settings">The options of the cluster.</param>
/// <param name="registry">The jobs and options of the host.</param>
internal sealed class ClusterRunner(IServiceProvider services, ClusterSettings settings, HostedJobRegistry registry) : IHostedJobRunner
{
    private readonly ConcurrentDictionary<string, JobState> _ended = new(StringComparer.Ordinal);

    /// <summary>Raised when the last job has ended and the host is to stop with it; with whether one of them has failed.</summary>
    public event Action<bool>? AllEnded;

    public string Instead => "it runs in the cluster. Ask IMillraceCluster, from the same services.";

    public void Check(IReadOnlyList<HostedJob> jobs)
    {
        foreach (var job in jobs)
        {
            if (job.HasDefaultStorage && !settings.IsLoopback)
            {
                throw new MillraceException(
                    "MR6001",
                    $"The job '{job.Name}' keeps its checkpoints in a folder of this machine, {job.Options.Checkpoints.Storage!.Description}, since nothing else was said; but workers of other machines must read them. Set Millrace:Checkpoints:Directory to a volume that all of them see, or to an object store.");
            }
        }
    }

    public async Task<(HealthStatus Health, string? Why)> LookAsync(string job, IDictionary<string, object> data, CancellationToken cancellationToken)
    {
        ClusterJobStatus status;
        try
        {
            status = await services.GetRequiredService<IMillraceCluster>().GetStatusAsync(job, cancellationToken).ConfigureAwait(false);
        }
        catch (MillraceException error)
        {
            return (HealthStatus.Degraded, $"cannot be asked ({error.Message})");
        }

        data[$"{job}.state"] = status.State.ToString();
        data[$"{job}.term"] = status.Term;
        data[$"{job}.restarts"] = status.Restarts;
        if (status.LastCheckpoint is { } checkpoint)
        {
            data[$"{job}.lastCompletedCheckpointId"] = checkpoint;
        }

        string cause = status.LastFailure is { } failure ? $": {failure}" : "";
        return status.State switch
        {
            JobState.Failed or JobState.Failing => (HealthStatus.Unhealthy, $"has failed{cause}"),
            JobState.Restarting => (HealthStatus.Degraded, $"restarts{cause}"),
            JobState.Created => (HealthStatus.Degraded, status.Waiting is { } waiting ? $"waits: {waiting}" : "is being started"),
            _ => (HealthStatus.Healthy, null),
        };
    }

    public void JobEnded(string job, JobState state)
    {
        _ended[job] = state;
        if (registry.Options.StopWhenFinished && _ended.Count == registry.Jobs.Count)
        {
            AllEnded?.Invoke(_ended.Values.Contains(JobState.Failed));
        }
    }
}
