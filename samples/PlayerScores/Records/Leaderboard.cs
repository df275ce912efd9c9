namespace PlayerScores.Records;

/// <summary>The best players of a minute. A minute has several, of which the one with the highest revision counts.</summary>
/// <param name="Minute">The first moment of the minute, in UTC.</param>
/// <param name="Revision">1 for the first of the minute, then one more each time.</param>
/// <param name="Kind">Why it was made.</param>
/// <param name="Scores">How many scores of all players it takes into account.</param>
/// <param name="Top">The best players, best first.</param>
public sealed record Leaderboard(DateTime Minute, int Revision, BoardKind Kind, int Scores, IReadOnlyList<Standing> Top);
