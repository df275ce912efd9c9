using Microsoft.Extensions.Configuration;

namespace Millrace.Configuration;

/// <summary>The section <c>Restart</c>: the strategy's name, and the numbers that the strategy has.</summary>
internal static class RestartConfiguration
{
    private const string Strategies = "none, fixed-delay, failure-rate or exponential-delay";

    public static RestartStrategy? Bind(IConfigurationSection section)
    {
        var strategy = section.GetSection("Strategy");
        string name = strategy.Value?.Trim().ToLowerInvariant() ?? throw ConfigurationErrors.Missing($"{section.Path}:Strategy", $"one of {Strategies}");
        var keys = new ConfigurationKeys(section, $"With the strategy {name},");
        try
        {
            return name switch
            {
                "none" => None(keys),
                "fixed-delay" => FixedDelay(keys),
                "failure-rate" => FailureRate(keys),
                "exponential-delay" => ExponentialDelay(keys),
                _ => throw ConfigurationErrors.WrongValue(strategy.Path, strategy.Value, $"one of {Strategies}"),
            };
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw ConfigurationErrors.Failed(section.Path, name, error);
        }
    }

    private static RestartStrategy None(ConfigurationKeys keys)
    {
        keys.Bind(Strategy());
        return RestartStrategy.None();
    }

    private static RestartStrategy FixedDelay(ConfigurationKeys keys)
    {
        int attempts = 1;
        TimeSpan? delay = null;
        keys.Bind(Strategy(), ("Attempts", value => attempts = value.Integer()), ("Delay", value => delay = value.Time()));
        return RestartStrategy.FixedDelay(attempts, delay);
    }

    private static RestartStrategy FailureRate(ConfigurationKeys keys)
    {
        int maxFailures = 1;
        TimeSpan? interval = null;
        TimeSpan? delay = null;
        keys.Bind(
            Strategy(),
            ("MaxFailuresPerInterval", value => maxFailures = value.Integer()),
            ("Interval", value => interval = value.Time()),
            ("Delay", value => delay = value.Time()));
        return RestartStrategy.FailureRate(maxFailures, interval, delay);
    }

    private static RestartStrategy ExponentialDelay(ConfigurationKeys keys)
    {
        TimeSpan? initial = null;
        TimeSpan? max = null;
        double multiplier = 1.5;
        TimeSpan? reset = null;
        double jitter = 0.1;
        int? attempts = null;
        keys.Bind(
            Strategy(),
            ("InitialBackoff", value => initial = value.Time()),
            ("MaxBackoff", value => max = value.Time()),
            ("Multiplier", value => multiplier = value.Number()),
            ("ResetThreshold", value => reset = value.Time()),
            ("Jitter", value => jitter = value.Number()),
            ("MaxAttempts", value => attempts = value.IntegerOrNone()));
        return RestartStrategy.ExponentialDelay(initial, max, multiplier, reset, jitter, attempts);
    }

    private static (string Key, Action<ConfigurationValue> Apply) Strategy() => ("Strategy", _ => { });
}
