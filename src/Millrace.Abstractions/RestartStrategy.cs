namespace Millrace;

/// <summary>Whether and when a job that has failed starts again. Strategies and defaults are Apache Flink's.</summary>
public abstract record RestartStrategy
{
    private RestartStrategy()
    {
    }

    /// <summary>A job that fails has failed. The default without checkpoints.</summary>
    /// <returns>The strategy.</returns>
    public static RestartStrategy None() => new NoRestart();

    /// <summary>A number of restarts, each after the same time.</summary>
    /// <param name="attempts">How many; at least 0.</param>
    /// <param name="delay">The time before each; default 1 s.</param>
    /// <returns>The strategy.</returns>
    public static RestartStrategy FixedDelay(int attempts = 1, TimeSpan? delay = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(attempts);
        return new FixedDelayRestart(attempts, NotNegative(delay ?? TimeSpan.FromSeconds(1), nameof(delay)));
    }

    /// <summary>Restarts as long as there are not too many failures in a time.</summary>
    /// <param name="maxFailuresPerInterval">So many failures within the interval are borne; at least 1.</param>
    /// <param name="interval">The interval; default 1 minute.</param>
    /// <param name="delay">The time before each restart; default 1 s.</param>
    /// <returns>The strategy.</returns>
    public static RestartStrategy FailureRate(int maxFailuresPerInterval = 1, TimeSpan? interval = null, TimeSpan? delay = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxFailuresPerInterval, 1);
        return new FailureRateRestart(
            maxFailuresPerInterval, NotNegative(interval ?? TimeSpan.FromMinutes(1), nameof(interval)), NotNegative(delay ?? TimeSpan.FromSeconds(1), nameof(delay)));
    }

    /// <summary>
    /// Restarts for ever, after a time that grows with every failure and begins anew when the job has run for long. The default with checkpoints.
    /// The delay is max(initial, min(initial · multiplier^n ± jitter, max)); failures that come before a pending restart do not count on their own.
    /// </summary>
    /// <param name="initialBackoff">The first delay; default 1 s.</param>
    /// <param name="maxBackoff">The longest delay; default 1 minute.</param>
    /// <param name="multiplier">Greater than 1; default 1.5.</param>
    /// <param name="resetThreshold">After so long without a failure the delay begins anew; default 1 hour.</param>
    /// <param name="jitter">By which part of itself a delay varies, 0 to 1; default 0.1.</param>
    /// <param name="maxAttempts">How many restarts before the job has failed, counted from the last reset; default without bound.</param>
    /// <returns>The strategy.</returns>
    public static RestartStrategy ExponentialDelay(
        TimeSpan? initialBackoff = null, TimeSpan? maxBackoff = null, double multiplier = 1.5, TimeSpan? resetThreshold = null, double jitter = 0.1, int? maxAttempts = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(multiplier, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(jitter);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(jitter, 1);
        var initial = NotNegative(initialBackoff ?? TimeSpan.FromSeconds(1), nameof(initialBackoff));
        var max = maxBackoff ?? TimeSpan.FromMinutes(1);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, initial, nameof(maxBackoff));
        return new ExponentialDelayRestart(initial, max, multiplier, NotNegative(resetThreshold ?? TimeSpan.FromHours(1), nameof(resetThreshold)), jitter, maxAttempts);
    }

    private static TimeSpan NotNegative(TimeSpan value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, name);
        return value;
    }

    internal sealed record NoRestart : RestartStrategy;

    internal sealed record FixedDelayRestart(int Attempts, TimeSpan Delay) : RestartStrategy;

    internal sealed record FailureRateRestart(int MaxFailures, TimeSpan Interval, TimeSpan Delay) : RestartStrategy;

    internal sealed record ExponentialDelayRestart(TimeSpan Initial, TimeSpan Max, double Multiplier, TimeSpan ResetThreshold, double Jitter, int? MaxAttempts) : RestartStrategy;
}
