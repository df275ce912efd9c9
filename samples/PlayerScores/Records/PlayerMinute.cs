namespace PlayerScores.Records;

/// <summary>What a player has scored in a minute, as far as it was known at a moment.</summary>
/// <param name="Minute">The first moment of the minute, in UTC.</param>
/// <param name="Player">Who.</param>
/// <param name="Team">The player's team.</param>
/// <param name="Points">The sum of the points.</param>
/// <param name="Scores">How often the player has scored; grows from one to the next of the same player and minute.</param>
/// <param name="KnownAt">The watermark at which it was known.</param>
public sealed record PlayerMinute(DateTime Minute, string Player, string Team, int Points, int Scores, long KnownAt);
