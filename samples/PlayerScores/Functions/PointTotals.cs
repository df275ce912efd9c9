using Millrace;
using PlayerScores.Records;

namespace PlayerScores.Functions;

/// <summary>What is kept of the scores of a player's minute.</summary>
public struct PointTotals
{
    /// <summary>The player's team.</summary>
    public string? Team;

    /// <summary>The sum of the points.</summary>
    public int Points;

    /// <summary>How many scores.</summary>
    public int Scores;
}

/// <summary>Adds points up as they come.</summary>
public sealed class SumOfPoints : AggregateFunction<PlayerScore, PointTotals, PointTotals>
{
    /// <inheritdoc/>
    public override PointTotals CreateAccumulator() => default;

    /// <inheritdoc/>
    public override void Add(ref PointTotals totals, PlayerScore score)
    {
        totals.Team = score.Team;
        totals.Points += score.Points;
        totals.Scores++;
    }

    /// <inheritdoc/>
    public override void Merge(ref PointTotals totals, in PointTotals other)
    {
        totals.Team ??= other.Team;
        totals.Points += other.Points;
        totals.Scores += other.Scores;
    }

    /// <inheritdoc/>
    public override PointTotals GetResult(in PointTotals totals) => totals;
}
