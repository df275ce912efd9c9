namespace PlayerScores.Records;

/// <summary>A player has scored.</summary>
/// <param name="Player">Who.</param>
/// <param name="Team">The player's team.</param>
/// <param name="Points">How many points; more than none.</param>
/// <param name="Time">When, by the player's device, in UTC: the event time, however late the score arrives.</param>
public sealed record PlayerScore(string Player, string Team, int Points, DateTime Time);
