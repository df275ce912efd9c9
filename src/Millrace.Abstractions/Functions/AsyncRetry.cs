namespace Millrace;

/// <summary>When an asynchronous function is called again for the same record. For what goes beyond that, such as circuit breakers, use Polly inside the function.</summary>
/// <typeparam name="TOut">The type of the results.</typeparam>
/// <example><code>AsyncRetry&lt;Customer?&gt;.ExponentialDelay(5, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2)) with { OnResult = customer =&gt; customer is null }</code></example>
public sealed record AsyncRetry<TOut>
{
    private readonly Func<int, TimeSpan> _delay;

    private AsyncRetry(int maxAttempts, Func<int, TimeSpan> delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxAttempts, 1);
        MaxAttempts = maxAttempts;
        _delay = delay;
    }

    /// <summary>How often the function is called for a record at most, the first time included.</summary>
    public int MaxAttempts { get; }

    /// <summary>Which exceptions are worth another attempt. Default: all but those of a cancellation.</summary>
    public Func<Exception, bool> OnException { get; init; } = static exception => exception is not OperationCanceledException;

    /// <summary>Which results are worth another attempt. The result of the last attempt counts, whatever it is. Default: none.</summary>
    public Func<TOut, bool> OnResult { get; init; } = static _ => false;

    /// <summary>Waits for the same time before every attempt.</summary>
    /// <param name="maxAttempts">How often the function is called for a record at most, the first time included.</param>
    /// <param name="delay">How long is waited; 0 or more.</param>
    /// <returns>The strategy.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one attempt, or a negative delay.</exception>
    public static AsyncRetry<TOut> FixedDelay(int maxAttempts, TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        return new AsyncRetry<TOut>(maxAttempts, _ => delay);
    }

    /// <summary>Waits longer before each attempt than before the one before it.</summary>
    /// <param name="maxAttempts">How often the function is called for a record at most, the first time included.</param>
    /// <param name="initialDelay">How long is waited before the second attempt; above 0.</param>
    /// <param name="maxDelay">How long is waited at most.</param>
    /// <param name="multiplier">What each delay is of the one before; at least 1.</param>
    /// <returns>The strategy.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one attempt, an initial delay that is not above 0 or above the maximum, or a multiplier below 1.</exception>
    public static AsyncRetry<TOut> ExponentialDelay(int maxAttempts, TimeSpan initialDelay, TimeSpan maxDelay, double multiplier = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(initialDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDelay, initialDelay);
        ArgumentOutOfRangeException.ThrowIfLessThan(multiplier, 1);
        return new AsyncRetry<TOut>(maxAttempts, attempt => TimeSpan.FromTicks((long)Math.Min(initialDelay.Ticks * Math.Pow(multiplier, attempt - 1), maxDelay.Ticks)));
    }

    /// <summary>How long is waited behind an attempt.</summary>
    /// <param name="attempt">The attempt that did not do; from 1.</param>
    /// <returns>The time.</returns>
    public TimeSpan DelayAfter(int attempt) => _delay(attempt);
}
