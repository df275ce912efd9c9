namespace Millrace.Simulation.External;

/// <summary>Decides by a seed how the external system answers.</summary>
/// <param name="seed">Decides.</param>
internal sealed class LedgerFaults(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Which part of the requests fails; 0 to 1. Half of them when they have been carried out.</summary>
    public double FailureRate { get; set; }

    /// <summary>The longest time that a request or an answer is on its way.</summary>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Which part of the requests is answered while the caller waits, without a task that is completed later; 0 to 1.</summary>
    public double Immediate { get; set; } = 0.3;

    /// <summary>Whether the next request is answered at once.</summary>
    public bool IsImmediate() => _random.NextDouble() < Immediate;

    /// <summary>How long the next message is on its way.</summary>
    public TimeSpan NextDelay() => MaxDelay * _random.NextDouble();

    /// <summary>Whether the next request is lost on the way, and whether its answer is.</summary>
    public (bool RequestLost, bool AnswerLost) Next()
    {
        if (FailureRate == 0 || _random.NextDouble() >= FailureRate)
        {
            return (false, false);
        }

        return _random.Next(2) == 0 ? (true, false) : (false, true);
    }

    /// <summary>Whether a client that is told to stop gives up the request that is under way, or waits for its answer.</summary>
    public bool GivesUpWhenCancelled() => _random.Next(2) == 0;
}
