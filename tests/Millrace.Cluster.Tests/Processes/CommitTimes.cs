using System.Diagnostics;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>Looks again and again how much is committed, whatever else happens meanwhile, so that pauses between results can be told.</summary>
internal sealed class CommitTimes : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(40);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<TimeSpan> _times = [];
    private readonly TradesResults _results;
    private readonly Stopwatch _clock;
    private readonly Task _looking;

    public CommitTimes(TradesResults results, Stopwatch clock)
    {
        _results = results;
        _clock = clock;
        _looking = Task.Run(LookAsync);
    }

    /// <summary>How often something was seen to be new.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _times.Count;
            }
        }
    }

    /// <summary>The longest time without new results from some moment on, to the results that came last.</summary>
    public TimeSpan LongestPause(TimeSpan since)
    {
        lock (_lock)
        {
            TimeSpan[] times = [since, .. _times.Where(time => time > since)];
            return times.Zip(times.Skip(1), static (earlier, later) => later - earlier).DefaultIfEmpty().Max();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _looking;
        _stop.Dispose();
    }

    private async Task LookAsync()
    {
        int committed = 0;
        while (!_stop.IsCancellationRequested)
        {
            if (_results.Committed is var now && now > committed)
            {
                committed = now;
                lock (_lock)
                {
                    _times.Add(_clock.Elapsed);
                }
            }

            await Task.Delay(Look, TimeProvider.System, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
