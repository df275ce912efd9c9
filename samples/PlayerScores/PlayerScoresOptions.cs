namespace PlayerScores;

/// <summary>What a user of the sample can choose.</summary>
public sealed record PlayerScoresOptions
{
    /// <summary>How many scores there are; one in about 100 ms of event time.</summary>
    /// <value>Default: 20,000, which are about half an hour of play.</value>
    public int Scores { get; init; } = 20_000;

    /// <summary>Decides everything about the scores: the same seed gives the same scores in the same order.</summary>
    /// <value>Default: 1.</value>
    public int Seed { get; init; } = 1;

    /// <summary>How long a score of an ordinary player may be on its way.</summary>
    /// <value>Default: 2 seconds.</value>
    public TimeSpan Disorder { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the scores of the player with the slow connection are on their way at most; at least half as long. One in fifty of them takes twice as long.</summary>
    /// <value>Default: 4 minutes.</value>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>How long after the end of its minute a score is still counted, in event time.</summary>
    /// <value>Default: 5 minutes.</value>
    public TimeSpan AllowedLateness { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a leaderboard is shown while its minute goes on, in event time.</summary>
    /// <value>Default: 20 seconds. <see langword="null"/>: not before the minute is over.</value>
    public TimeSpan? EarlyEvery { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How many players a leaderboard has.</summary>
    /// <value>Default: 5.</value>
    public int Top { get; init; } = 5;

    /// <summary>How many scores are read in a second.</summary>
    /// <value>Default (<see langword="null"/>): as fast as it goes.</value>
    public double? Rate { get; init; }

    /// <summary>The folder of the results; those of an earlier run are overwritten.</summary>
    /// <value>Default: <c>out/player-scores</c> in the current directory.</value>
    public string Output { get; init; } = Path.Combine("out", "player-scores");

    /// <summary>How many subtasks an operator has.</summary>
    /// <value>Default: the number of processors.</value>
    public int Parallelism { get; init; } = Environment.ProcessorCount;
}
