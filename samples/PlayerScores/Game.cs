using PlayerScores.Records;

namespace PlayerScores;

/// <summary>Scores of a game that nobody has played, in the order in which they arrive.</summary>
public static class Game
{
    /// <summary>The player with the slow connection, who is one of the best.</summary>
    public const string SlowPlayer = "Far-Away-Fiona";

    private const string SlowTeam = "Azure";
    private const int PlayersPerTeam = 5;
    private static readonly DateTime Kickoff = new(2024, 5, 4, 18, 0, 0, DateTimeKind.Utc);
    private static readonly string[] Teams = ["Amber", SlowTeam, "Crimson", "Emerald", "Ivory", "Violet"];

    /// <summary>Makes scores.</summary>
    /// <param name="options">How many, and how late.</param>
    /// <returns>The same for the same options.</returns>
    public static PlayerScore[] Generate(PlayerScoresOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var random = new Random(options.Seed);
        List<(DateTime Arrival, PlayerScore Score)> scores = new(options.Scores);
        var time = Kickoff;
        for (int i = 0; i < options.Scores; i++)
        {
            time += TimeSpan.FromMilliseconds(random.Next(20, 180));
            var score = ScoreAt(time, random);
            scores.Add((time + DelayOf(score, options, random), score));
        }

        // OrderBy keeps the order of what arrives at the same moment.
        return [.. scores.OrderBy(score => score.Arrival).Select(score => score.Score)];
    }

    private static PlayerScore ScoreAt(DateTime time, Random random)
    {
        if (random.Next(25) == 0)
        {
            return new PlayerScore(SlowPlayer, SlowTeam, random.Next(2, 20), time);
        }

        string team = Teams[random.Next(Teams.Length)];
        return new PlayerScore($"{team}-{random.Next(1, PlayersPerTeam + 1)}", team, random.Next(1, 20), time);
    }

    private static TimeSpan DelayOf(PlayerScore score, PlayerScoresOptions options, Random random)
    {
        if (score.Player != SlowPlayer)
        {
            return Random(TimeSpan.Zero, options.Disorder);
        }

        var latency = Random(options.Latency / 2, options.Latency);
        return random.Next(50) == 0 ? latency * 2 : latency;

        TimeSpan Random(TimeSpan least, TimeSpan most) => TimeSpan.FromMilliseconds(random.NextInt64((long)least.TotalMilliseconds, (long)most.TotalMilliseconds + 1));
    }
}
