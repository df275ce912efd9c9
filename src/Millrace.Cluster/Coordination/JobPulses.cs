using System.Collections.Concurrent;
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
    private readonly ConcurrentDictionary<string, GrainPulse> _last = new(StringComparer.Ordinal);
    private Task _calling = Task.CompletedTask;

    /// <summary>Raised for each job when it has ended.</summary>
    public event Action<string, JobState>? Ended;

    /// <summary>What the coordinators of the jobs have answered last.</summary>
    public IReadOnlyDictionary<string, GrainPulse> Last => _last;

    public void Start(IReadOnlyList<string> jobs) => _calling = Task.WhenAll(jobs.Select(job => Task.Run(() => CallAsync(job))));

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _calling.ConfigureAwait(false);
    }

    private async Task CallAsync(string job)
    {
        var pause = Interval;
        bool answered = true;
        try
        {
            while (true)
            {
                try
                {
                    var pulse = await grains.GetGrain<IJobGrain>(job).PulseAsync().WaitAsync(_stop.Token).ConfigureAwait(false);
                    Answered(job, pulse, first: !answered);
                    (answered, pause) = (true, Interval);
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

    private void Answered(string job, GrainPulse pulse, bool first)
    {
        if (first)
        {
            Log.CoordinatorAnswers(logger, job, pulse.Term);
        }

        var last = _last.GetValueOrDefault(job);
        _last[job] = pulse;
        if (pulse.EndState is { } end && last?.EndState is null)
        {
            Ended?.Invoke(job, end);
        }
    }
}
