using Microsoft.Extensions.Logging;

namespace Millrace.Cluster.Replicas;

/// <summary>
/// Looks from time to time how many workers the jobs need, and asks for as many: on one worker at a time, so far as they agree which that is. Two of them do no harm, since both know the same and whoever writes second is told to look
/// again. An error changes nothing, and it is tried again later.
/// </summary>
/// <param name="planner">Decides. Made anew when this worker begins to be the one, so that what it has seen before does not count.</param>
/// <param name="scale">Where the number is kept.</param>
/// <param name="isMine">Whether this worker is the one.</param>
/// <param name="wishes">Asks how many slots each job should have.</param>
/// <param name="interval">How often it looks.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told what is decided, and what goes wrong.</param>
internal sealed class ReplicaDriver(
    Func<ReplicaPlanner> planner,
    IReplicaScale scale,
    Func<bool> isMine,
    Func<CancellationToken, Task<IReadOnlyList<(string Job, int? Slots)>>> wishes,
    TimeSpan interval,
    TimeProvider time,
    ILogger logger)
{
    // After an error it waits twice as long each time, and no longer than this.
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    // Whoever is changed under one's hands again and again is fighting with somebody: the next look is soon enough.
    private const int MostAttempts = 3;

    private readonly long _began = time.GetTimestamp();
    private ReplicaPlanner? _planner;
    private string? _lastError;
    private string? _lastReason;

    private long Now => (long)time.GetElapsedTime(_began).TotalMilliseconds;

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = interval;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!cancellationToken.IsCancellationRequested)
            {
                pause = await LookAsync(cancellationToken).ConfigureAwait(false) ? interval : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, Math.Max(interval.Ticks, LongestPause.Ticks)));
            }
        }
    }

    /// <summary>Looks once.</summary>
    /// <returns>False where something went wrong.</returns>
    public async Task<bool> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!isMine())
            {
                _planner = null;
                return true;
            }

            _planner ??= planner();
            var slots = await wishes(cancellationToken).ConfigureAwait(false);
            for (int attempt = 1; attempt <= MostAttempts; attempt++)
            {
                var (replicas, version) = await scale.ReadAsync(cancellationToken).ConfigureAwait(false);
                var decision = _planner.Look(replicas, slots, Now);
                if (!decision.IsChange)
                {
                    Tell(decision);
                    break;
                }

                if (await scale.TryWriteAsync(decision.Replicas, version, cancellationToken).ConfigureAwait(false))
                {
                    _lastReason = null;
                    Log.Scaled(logger, scale.Description, decision.Reason);
                    break;
                }

                Log.ScaledBySomebodyElse(logger, scale.Description);
            }

            _lastError = null;
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception error)
        {
            // It comes at every look until somebody does something: said once, and again when it is another one.
            if (error.Message != _lastError)
            {
                _lastError = error.Message;
                Log.NotScaled(logger, error, scale.Description, error.Message);
            }

            return false;
        }
    }

    private void Tell(ReplicaDecision decision)
    {
        if (decision.Reason != _lastReason)
        {
            _lastReason = decision.Reason;
            Log.NothingToScale(logger, scale.Description, decision.Reason);
        }
    }
}
