using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.Coordination;

/// <summary>
/// Calls the coordinator of every job again and again, from every worker: so one is there, wherever. At most one call of a job is under way, and one that fails is followed by longer and longer pauses.
/// </summary>
internal sealed class JobPulses(IGrainFactory grains, TimeProvider time, ILogger<JobPulses> logger) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();

    // The jobs that are called, each with its calls; those that were submitted until they have ended.
    private readonly Dictionary<string, Task> _calling = new(StringComparer.Ordinal);
    private HashSet<string> _submitted = [];

    /// <summary>Raised for each job that was not submitted when it has ended.</summary>
    public event Action<string, JobState>? Ended;

    public void Start(IReadOnlyList<string> jobs)
    {
        lock (_gate)
        {
            foreach (string job in jobs)
            {
                _calling.Add(job, Task.Run(() => CallAsync(job, isSubmitted: false)));
            }
        }
    }

    /// <summary>Says which jobs were submitted and have not ended: they are called, and others not any more.</summary>
    public void Follow(IEnumerable<string> submitted)
    {
        lock (_gate)
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            _submitted = [.. submitted];
            foreach (string job in _submitted)
            {
                if (!_calling.ContainsKey(job))
                {
                    _calling.Add(job, Task.Run(() => CallAsync(job, isSubmitted: true)));
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        Task[] calling;
        lock (_gate)
        {
            calling = [.. _calling.Values];
        }

        await Task.WhenAll(calling).ConfigureAwait(false);
    }

    private async Task CallAsync(string job, bool isSubmitted)
    {
        var pause = Interval;
        bool answered = true;
        bool hasEnded = false;
        try
        {
            while (!isSubmitted || IsFollowed(job, hasEnded))
            {
                try
                {
                    var pulse = await grains.GetGrain<IJobGrain>(job).PulseAsync().WaitAsync(_stop.Token).ConfigureAwait(false);
                    if (!answered)
                    {
                        Log.CoordinatorAnswers(logger, job, pulse.Term);
                    }

                    if (pulse.EndState is { } end && !hasEnded && !isSubmitted)
                    {
                        Ended?.Invoke(job, end);
                    }

                    (answered, pause, hasEnded) = (true, Interval, pulse.EndState is not null);
                    if (hasEnded && isSubmitted)
                    {
                        // Asked again it would be brought back, only to say so once more.
                        continue;
                    }
                }
                catch (Exception error) when (error is not OperationCanceledException || !_stop.IsCancellationRequested)
                {
                    if (answered)
                    {
                        Log.NoCoordinator(logger, job, error.Message);
                    }

                    // A coordinator that died is to be replaced at once; one that cannot start is not to be started, and counted, twice a second for days.
                    pause = answered ? Interval : TimeSpan.FromTicks(Math.Min(pause.Ticks * 5 / 4, LongestPause.Ticks));
                    answered = false;
                }

                await Task.Delay(pause, time, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private bool IsFollowed(string job, bool hasEnded)
    {
        lock (_gate)
        {
            if (!hasEnded && _submitted.Contains(job))
            {
                return true;
            }

            _calling.Remove(job);
            return false;
        }
    }
}
