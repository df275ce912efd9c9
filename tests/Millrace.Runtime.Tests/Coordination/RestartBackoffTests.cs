using CsCheck;
using Millrace.Runtime.Coordination;

namespace Millrace.Runtime.Tests.Coordination;

public sealed class RestartBackoffTests
{
    private static RestartBackoff Create(RestartStrategy strategy, int seed = 1) => RestartBackoff.Create(strategy, new Random(seed));

    private static RestartStrategy Exponential(double initial = 1, double max = 60, double multiplier = 2, double reset = 3600, double jitter = 0, int? attempts = null) =>
        RestartStrategy.ExponentialDelay(TimeSpan.FromSeconds(initial), TimeSpan.FromSeconds(max), multiplier, TimeSpan.FromSeconds(reset), jitter, attempts);

    [Fact]
    public void None_FirstFailure_NoRestartAndNothingToExplain() => Assert.Equal(new RestartVerdict(false, 0, null), Create(RestartStrategy.None()).Failed(5));

    [Fact]
    public void FixedDelay_Default_OneRestartAfterASecond()
    {
        var backoff = Create(RestartStrategy.FixedDelay());
        Assert.Equal(new RestartVerdict(true, 1_100, null), backoff.Failed(100));
        var refused = backoff.Failed(999_999_999);
        Assert.False(refused.MayRestart);
        Assert.Equal("It was restarted once, which is all that RestartStrategy.FixedDelay allows (attempts: 1).", refused.Refusal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    public void FixedDelay_Attempts_SoManyRestarts(int attempts)
    {
        var backoff = Create(RestartStrategy.FixedDelay(attempts, TimeSpan.Zero));
        for (int i = 0; i < attempts; i++)
        {
            Assert.Equal(new RestartVerdict(true, 7, null), backoff.Failed(7));
        }

        Assert.False(backoff.Failed(7).MayRestart);
    }

    [Fact]
    public void FailureRate_AsManyAsAreBorneInTheInterval_Restarts()
    {
        var backoff = Create(RestartStrategy.FailureRate(2, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1)));
        Assert.Equal(1_000, backoff.Failed(0).DueAt);
        Assert.True(backoff.Failed(9_000).MayRestart);
        Assert.True(backoff.Failed(10_001).MayRestart, "The first is out of the interval.");
        var refused = backoff.Failed(10_002);
        Assert.False(refused.MayRestart);
        Assert.Equal("It failed 3 times within 00:00:10, more often than RestartStrategy.FailureRate allows (maxFailuresPerInterval: 2).", refused.Refusal);
    }

    [Fact]
    public void FailureRate_SlowFailures_RestartsForEver()
    {
        var backoff = Create(RestartStrategy.FailureRate());
        for (long now = 0; now < 100 * 60_001L; now += 60_001)
        {
            Assert.True(backoff.Failed(now).MayRestart);
        }
    }

    [Fact]
    public void Exponential_FailureAfterFailure_GrowsToTheMaximum()
    {
        var backoff = Create(Exponential(initial: 1, max: 10));
        long now = 0;
        long[] delays = new long[6];
        for (int i = 0; i < delays.Length; i++)
        {
            var verdict = backoff.Failed(now);
            delays[i] = verdict.DueAt - now;
            now = verdict.DueAt;
        }

        Assert.Equal([1_000, 2_000, 4_000, 8_000, 10_000, 10_000], delays);
    }

    [Fact]
    public void Exponential_FailureBeforeThePendingRestart_IsMerged()
    {
        var backoff = Create(Exponential(attempts: 2));
        Assert.Equal(1_000, backoff.Failed(0).DueAt);
        Assert.Equal(1_000, backoff.Failed(500).DueAt);
        Assert.Equal(1_000, backoff.Failed(999).DueAt);
        Assert.Equal(3_000, backoff.Failed(1_000).DueAt);
        Assert.False(backoff.Failed(3_000).MayRestart, "Two restarts were used: the merged ones do not count.");
    }

    [Fact]
    public void Exponential_LongWithoutFailure_BeginsAnew()
    {
        var backoff = Create(Exponential(reset: 100, attempts: 2));
        backoff.Failed(0);
        Assert.Equal(3_000, backoff.Failed(1_000).DueAt);
        Assert.Equal(104_000, backoff.Failed(103_000).DueAt);
        Assert.Equal(106_000, backoff.Failed(104_000).DueAt);
        Assert.False(backoff.Failed(205_999).MayRestart);
    }

    [Fact]
    public void Exponential_MaxAttempts_NamesStrategyAndCount()
    {
        var backoff = Create(Exponential(attempts: 1));
        backoff.Failed(0);
        Assert.Equal("It was restarted once in a row, which is all that RestartStrategy.ExponentialDelay allows (maxAttempts: 1).", backoff.Failed(1_000).Refusal);
    }

    [Fact]
    public void Exponential_SameSeed_SameDelays()
    {
        var (one, other) = (Create(RestartStrategy.ExponentialDelay(), 7), Create(RestartStrategy.ExponentialDelay(), 7));
        for (long now = 0; now < 1_000_000; now += 100_000)
        {
            Assert.Equal(one.Failed(now), other.Failed(now));
        }
    }

    [Fact]
    public void Any_exponential_delay_is_within_its_bounds() =>
        Gen.Select(Gen.Double[0.01, 5], Gen.Double[5, 100], Gen.Double[1.01, 4], Gen.Double[0, 1], Gen.Int[0, 1000]).Sample((initial, max, multiplier, jitter, seed) =>
        {
            var backoff = Create(Exponential(initial, max, multiplier, 1e6, jitter), seed);
            long now = 0;
            double expected = initial * 1000;
            for (int i = 0; i < 50; i++)
            {
                var verdict = backoff.Failed(now);
                double delay = verdict.DueAt - now;
                Assert.InRange(delay, Math.Max(initial * 1000, Math.Min(expected * (1 - jitter), max * 1000)) - 2, Math.Max(initial * 1000, Math.Min(expected * (1 + jitter), max * 1000)) + 2);
                expected = Math.Min(expected * multiplier, max * 1000);
                now = verdict.DueAt + 1;
            }
        });
}
