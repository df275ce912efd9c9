using System.Globalization;

namespace Millrace.Runtime.Coordination;

/// <summary>What a restart strategy says to a failure.</summary>
/// <param name="MayRestart">Whether there is another attempt.</param>
/// <param name="DueAt">When, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Refusal">Why there is none, as a sentence; <see langword="null"/> where no strategy was asked for.</param>
internal readonly record struct RestartVerdict(bool MayRestart, long DueAt, string? Refusal);

/// <summary>A <see cref="RestartStrategy"/> at work: counts failures. One for a job, whichever of its regions fail.</summary>
internal abstract class RestartBackoff
{
    /// <param name="strategy">The strategy.</param>
    /// <param name="jitter">Where delays vary.</param>
    public static RestartBackoff Create(RestartStrategy strategy, Random jitter) => strategy switch
    {
        RestartStrategy.NoRestart => new None(),
        RestartStrategy.FixedDelayRestart fixedDelay => new FixedDelay(fixedDelay),
        RestartStrategy.FailureRateRestart rate => new FailureRate(rate),
        RestartStrategy.ExponentialDelayRestart exponential => new ExponentialDelay(exponential, jitter),
        _ => throw new ArgumentOutOfRangeException(nameof(strategy), strategy, "Not a known strategy."),
    };

    /// <summary>Counts a failure and says what follows.</summary>
    /// <param name="now">In milliseconds since 1970-01-01 UTC.</param>
    public abstract RestartVerdict Failed(long now);

    private static RestartVerdict At(long due) => new(true, due, null);

    private static RestartVerdict Refuse(string refusal) => new(false, 0, refusal);

    private static string Times(int count) => count == 1 ? "once" : string.Create(CultureInfo.InvariantCulture, $"{count} times");

    private static long Milliseconds(TimeSpan time) => (long)Math.Ceiling(time.TotalMilliseconds);

    private sealed class None : RestartBackoff
    {
        public override RestartVerdict Failed(long now) => new(false, 0, null);
    }

    private sealed class FixedDelay(RestartStrategy.FixedDelayRestart strategy) : RestartBackoff
    {
        private int _restarts;

        public override RestartVerdict Failed(long now)
        {
            if (_restarts >= strategy.Attempts)
            {
                return Refuse($"It was restarted {Times(_restarts)}, which is all that RestartStrategy.FixedDelay allows (attempts: {strategy.Attempts}).");
            }

            _restarts++;
            return At(now + Milliseconds(strategy.Delay));
        }
    }

    private sealed class FailureRate(RestartStrategy.FailureRateRestart strategy) : RestartBackoff
    {
        private readonly Queue<long> _failures = new();

        public override RestartVerdict Failed(long now)
        {
            // No more than the count that is still borne is ever kept.
            while (_failures.TryPeek(out long oldest) && now - oldest > Milliseconds(strategy.Interval))
            {
                _failures.Dequeue();
            }

            if (_failures.Count >= strategy.MaxFailures)
            {
                return Refuse(
                    $"It failed {Times(_failures.Count + 1)} within {strategy.Interval}, more often than RestartStrategy.FailureRate allows (maxFailuresPerInterval: {strategy.MaxFailures}).");
            }

            _failures.Enqueue(now);
            return At(now + Milliseconds(strategy.Delay));
        }
    }

    private sealed class ExponentialDelay(RestartStrategy.ExponentialDelayRestart strategy, Random jitter) : RestartBackoff
    {
        private int _restarts;
        private double _backoff;
        private long _due = long.MinValue;

        public override RestartVerdict Failed(long now)
        {
            if (_restarts > 0 && now < _due)
            {
                return At(_due);
            }

            if (_restarts > 0 && now - _due >= Milliseconds(strategy.ResetThreshold))
            {
                _restarts = 0;
            }

            if (_restarts >= strategy.MaxAttempts)
            {
                return Refuse($"It was restarted {Times(_restarts)} in a row, which is all that RestartStrategy.ExponentialDelay allows (maxAttempts: {strategy.MaxAttempts}).");
            }

            // By steps and not by a power: the power of a job that fails for days is infinite.
            _backoff = _restarts == 0 ? strategy.Initial.TotalMilliseconds : Math.Min(_backoff * strategy.Multiplier, strategy.Max.TotalMilliseconds);
            _restarts++;
            double varied = _backoff * (1 + (strategy.Jitter * ((2 * jitter.NextDouble()) - 1)));
            double delay = Math.Max(strategy.Initial.TotalMilliseconds, Math.Min(varied, strategy.Max.TotalMilliseconds));
            _due = now + (long)Math.Ceiling(delay);
            return At(_due);
        }
    }
}
