using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Configuration;

namespace Millrace.Hosting;

/// <summary>Starts the jobs of a host with it, and stops them with it.</summary>
internal sealed class MillraceHostedService(
    HostedJobRegistry registry, HostedJobs jobs, IServiceProvider services, IHostApplicationLifetime lifetime, ILogger<MillraceHostedService> logger, IHostedJobRunner? runner = null)
    : IHostedLifecycleService, IAsyncDisposable, IDisposable
{
    private int _running;
    private bool _prepared;
    private volatile bool _stopping;
    private volatile bool _failed;

    /// <summary>Checks everything before any service of the host starts: a host with a wrong job or key does not come up.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (_prepared)
        {
            return;
        }

        try
        {
            Prepare();
            _prepared = true;
        }
        catch
        {
            foreach (var job in jobs.All)
            {
                await job.ReleaseAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // A host that knows no lifecycle services has not called it.
        await StartingAsync(cancellationToken).ConfigureAwait(false);
        if (runner is not null)
        {
            return;
        }

        _running = jobs.All.Count;
        foreach (var job in jobs.All)
        {
            var checkpoints = job.Options.Checkpoints;
            Log.Starting(
                logger, job.Name, job.Options.Parallelism, checkpoints is { Interval: { } interval, Storage: { } storage } ? $"every {interval} in {storage.Description} as '{job.JobId}'" : "off");
            job.Ended = WatchAsync(job, job.Start());
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        return Task.WhenAll(jobs.All.Select(job => StopAsync(job, cancellationToken)));
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Where the host was not stopped, or did not come up after the jobs had started.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        foreach (var job in jobs.All)
        {
            await job.Ended.ConfigureAwait(false);
            if (runner is not null)
            {
                await job.ReleaseAsync().ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        _stopping = true;
        foreach (var job in jobs.All)
        {
            job.Client?.Cancel();
        }
    }

    private void Prepare()
    {
        var configuration = new HostConfiguration(registry.Configuration);
        configuration.BindHost(registry.Options, jobs.Names);
        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var job in jobs.All)
        {
            job.Prepare(services, configuration);
            if (job.Options.Checkpoints.Storage is not null && !ids.TryAdd(job.JobId, job.Name))
            {
                throw ConfigurationErrors.SharedJobId(job.JobId, ids[job.JobId], job.Name);
            }
        }

        runner?.Check(jobs.All);
    }

    private async Task WatchAsync(HostedJob job, JobClient client)
    {
        Exception? failure = null;
        try
        {
            var result = await client.Completion.ConfigureAwait(false);
            Log.Ended(logger, job.Name, result.State, result.Duration);
        }
        catch (Exception error)
        {
            failure = error;
        }

        try
        {
            await job.ReleaseAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Log.ReleaseFailed(logger, error, job.Name);
        }

        if (failure is not null)
        {
            Failed(job, failure);
        }

        if (Interlocked.Decrement(ref _running) == 0 && jobs.Options.StopWhenFinished && !_stopping && !_failed)
        {
            Log.AllFinished(logger);
            StopHost();
        }
    }

    private void Failed(HostedJob job, Exception failure)
    {
        if (jobs.Options.OnJobFailure == JobFailureAction.Continue)
        {
            Log.FailedAndContinues(logger, failure, job.Name);
            return;
        }

        Log.FailedAndStops(logger, failure, job.Name);
        _failed = true;

        // The host's background services leave the code at 0, and a supervisor that starts again only what has failed takes that for success.
        if (Environment.ExitCode == 0)
        {
            Environment.ExitCode = 1;
        }

        if (!_stopping)
        {
            StopHost();
        }
    }

    // Not before it has started: a host that is told to stop while it starts throws out of its start.
    private void StopHost() => lifetime.ApplicationStarted.Register(lifetime.StopApplication);

    private async Task StopAsync(HostedJob job, CancellationToken cancellationToken)
    {
        if (job.Client is not { } client)
        {
            return;
        }

        if (!client.Completion.IsCompleted)
        {
            Log.Stopping(logger, job.Name, jobs.Options.Shutdown);
            if (jobs.Options.Shutdown == JobShutdown.Cancel || !await StopWithSavepointAsync(job, client, cancellationToken).ConfigureAwait(false))
            {
                client.Cancel();
            }
        }

        try
        {
            await job.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Log.NotEnded(logger, job.Name, client.State);
            client.Cancel();
        }
    }

    private async Task<bool> StopWithSavepointAsync(HostedJob job, JobClient client, CancellationToken cancellationToken)
    {
        string time = job.TimeProvider.GetUtcNow().ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        try
        {
            string path = await client.StopWithSavepointAsync($"{jobs.Options.SavepointFolder.TrimEnd('/')}/{job.JobId}-{time}", jobs.Options.Shutdown == JobShutdown.Drain)
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            Log.StoppedWithSavepoint(logger, job.Name, path);
            return true;
        }
        catch (Exception error)
        {
            // One that ended by itself meanwhile needs none.
            if (!client.Completion.IsCompleted)
            {
                Log.SavepointFailed(logger, error, job.Name);
            }

            return false;
        }
    }
}
