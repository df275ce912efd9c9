using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Millrace.Checkpointing;

namespace Millrace.Hosting;

/// <summary>How the jobs of a host fare, as a health check.</summary>
public static class MillraceHealthCheckExtensions
{
    /// <summary>
    /// Adds a check of all jobs of the host. Unhealthy: a job has failed for good. Degraded: a job restarts, has not been started yet, or has completed no checkpoint for
    /// <see cref="MillraceHostOptions.DegradedAfterIntervals"/> intervals. A job that has finished or was cancelled is healthy. The data has each job's state, restarts and last checkpoint.
    /// </summary>
    /// <param name="builder">The health checks, of <c>services.AddHealthChecks()</c>.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="failureStatus">What is said when a job has failed; <see langword="null"/> for <see cref="HealthStatus.Unhealthy"/>.</param>
    /// <param name="tags">Tags of the check.</param>
    /// <returns>The health checks.</returns>
    /// <example><code>builder.Services.AddHealthChecks().AddMillrace();</code></example>
    public static IHealthChecksBuilder AddMillrace(this IHealthChecksBuilder builder, string name = "millrace", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name,
            static services => new MillraceHealthCheck(services.GetService<HostedJobs>() ?? throw new InvalidOperationException(
                "The health check of Millrace finds no jobs. Call AddMillrace on the application's builder, too."), services.GetService<IHostedJobRunner>()),
            failureStatus,
            tags));
    }
}

/// <summary>Looks at every job of the host.</summary>
/// <param name="jobs">The jobs.</param>
/// <param name="runner">Who runs them, where it is not the host itself.</param>
internal sealed class MillraceHealthCheck(HostedJobs jobs, IHostedJobRunner? runner = null) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var status = HealthStatus.Healthy;
        var said = new List<string>();
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var job in jobs.All)
        {
            var (health, why) = runner is null ? Look(job, data) : await runner.LookAsync(job.Name, data, cancellationToken).ConfigureAwait(false);
            if (why is not null)
            {
                said.Add($"Job '{job.Name}' {why}.");
            }

            // Less is worse.
            status = health == HealthStatus.Unhealthy ? Worse(status, context.Registration.FailureStatus) : Worse(status, health);
        }

        return new HealthCheckResult(status, said.Count == 0 ? $"{jobs.All.Count} job(s), all well." : string.Join(' ', said), data: data);
    }

    private static HealthStatus Worse(HealthStatus one, HealthStatus other) => (HealthStatus)Math.Min((int)one, (int)other);

    private (HealthStatus Health, string? Why) Look(HostedJob job, Dictionary<string, object> data)
    {
        if (job.Client is not { } client)
        {
            return (HealthStatus.Degraded, "has not been started yet");
        }

        var state = client.State;
        var failures = client.GetFailures();
        var latest = client.GetCheckpoints().LatestCompleted;
        data[$"{job.Name}.state"] = state.ToString();
        data[$"{job.Name}.restarts"] = failures.Restarts;
        if (latest is not null)
        {
            data[$"{job.Name}.lastCompletedCheckpointId"] = latest.Id;
            data[$"{job.Name}.lastCheckpointCompletedAt"] = latest.BeganAt + (latest.Duration ?? TimeSpan.Zero);
        }

        string cause = failures.History.Count > 0 ? $": {failures.History[^1].Cause.Message}" : "";
        return state switch
        {
            JobState.Failed or JobState.Failing => (HealthStatus.Unhealthy, $"has failed{cause}"),
            JobState.Restarting => (HealthStatus.Degraded, $"restarts{cause}"),
            JobState.Created => (HealthStatus.Degraded, "is being started"),
            JobState.Running => LookAtCheckpoints(job, client, latest),
            _ => (HealthStatus.Healthy, null),
        };
    }

    private (HealthStatus Health, string? Why) LookAtCheckpoints(HostedJob job, JobClient client, CheckpointSummary? latest)
    {
        var options = job.Options.Checkpoints;
        if (options.Interval is not { } interval || options.Storage is null || options.IntervalDuringBacklog == TimeSpan.Zero)
        {
            return (HealthStatus.Healthy, null);
        }

        // While a source works off a backlog, checkpoints come at the longer interval. A job that has just been restarted has its time too.
        var allowed = (options.IntervalDuringBacklog ?? interval) * jobs.Options.DegradedAfterIntervals;
        var running = TimeSpan.FromMilliseconds(client.Execution.Times.Uninterrupted(JobState.Running, client.Execution.Now));
        var since = latest is not null ? DateTimeOffset.FromUnixTimeMilliseconds(client.Execution.Now) - (latest.BeganAt + (latest.Duration ?? TimeSpan.Zero)) : running;
        return running <= allowed || since <= allowed
            ? (HealthStatus.Healthy, null)
            : (HealthStatus.Degraded, $"has completed no checkpoint for {TimeSpan.FromSeconds(Math.Floor(since.TotalSeconds))}, and its interval is {interval}");
    }
}
