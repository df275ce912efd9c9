namespace PlayerScores.Records;

/// <summary>A place on a leaderboard.</summary>
/// <param name="Rank">1 for the best.</param>
/// <param name="Player">Who.</param>
/// <param name="Team">The player's team.</param>
/// <param name="Points">The sum of the points in the minute.</param>
public sealed record Standing(int Rank, string Player, string Team, int Points);
