namespace PlayerScores.Records;

/// <summary>Why a leaderboard was made.</summary>
public enum BoardKind
{
    /// <summary>The minute is not over: a preview.</summary>
    Early,

    /// <summary>The minute is over, as the watermark says.</summary>
    OnTime,

    /// <summary>Scores have come after the minute was over: takes the place of the one before.</summary>
    Correction,
}
