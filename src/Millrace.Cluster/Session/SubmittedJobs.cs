using Microsoft.Extensions.Logging;
using Millrace.Cluster.Coordination;
using Millrace.Cluster.Hosting;

namespace Millrace.Cluster.Session;

/// <summary>
/// The jobs that were submitted to the cluster, as the store has them: looked at every two seconds, so that each worker calls the coordinators of those that run, also of those that were submitted at another one. What ended long ago is deleted.
/// </summary>
internal sealed class SubmittedJobs(IJobRecordStore store, JobPulses pulses, ClusterSettings settings, TimeProvider time, ILogger<SubmittedJobs> logger) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _looking = new(1, 1);
    private volatile IReadOnlyList<StoredJobRecord> _current = [];
    private Task _watching = Task.CompletedTask;

    /// <summary>The jobs, as they were when they were last looked at, the newest last.</summary>
    public IReadOnlyList<StoredJobRecord> Current => _current;

    public void Start() => _watching = Task.Run(WatchAsync);

    /// <summary>Looks at them now.</summary>
    public async Task<IReadOnlyList<StoredJobRecord>> LookAsync(CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var found = await store.ListSubmittedAsync(cancellationToken).ConfigureAwait(false);
            _current = [.. found.OrderBy(static job => job.Record.SubmittedAt).ThenBy(static job => job.Job, StringComparer.Ordinal)];
            pulses.Follow(found.Where(static job => job.Record.End is null).Select(static job => job.Job));
            return _current;
        }
        finally
        {
            _looking.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
    }

    private async Task WatchAsync()
    {
        bool isListed = true;
        try
        {
            while (true)
            {
                try
                {
                    await ForgetAsync(await LookAsync(_stop.Token).ConfigureAwait(false)).ConfigureAwait(false);
                    isListed = true;
                }
                catch (Exception error) when (error is not OperationCanceledException || !_stop.IsCancellationRequested)
                {
                    if (isListed)
                    {
                        Log.NotListed(logger, error);
                    }

                    isListed = false;
                }

                await Task.Delay(Interval, time, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ForgetAsync(IReadOnlyList<StoredJobRecord> jobs)
    {
        var before = time.GetUtcNow() - settings.Options.Session.JobRetention;
        foreach (var (job, record, etag) in jobs.Where(job => job.Record.End is not null && job.Record.EndedAt < before))
        {
            if (await store.DeleteAsync(job, etag, _stop.Token).ConfigureAwait(false))
            {
                Log.JobForgotten(logger, job, record.EndedAt);
            }
        }
    }
}
