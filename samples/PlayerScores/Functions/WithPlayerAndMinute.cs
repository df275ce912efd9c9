using Millrace;
using Millrace.Windowing;
using PlayerScores.Records;

namespace PlayerScores.Functions;

/// <summary>Turns the totals of a window into a result that says whose they are, of which minute, and when they were known.</summary>
/// <param name="lateness">How long after its end a minute is still corrected.</param>
public sealed class WithPlayerAndMinute(TimeSpan lateness) : ProcessWindowFunction<PointTotals, PlayerMinute, string, TimeWindow>
{
    /// <inheritdoc/>
    public override void Process(string player, WindowContext<TimeWindow> context, IReadOnlyList<PointTotals> elements, Collector<PlayerMinute> output)
    {
        var totals = elements[0];

        // At the end of the input the watermark is beyond all time; for a minute nothing is beyond its last correction.
        long knownAt = Math.Min(context.CurrentWatermark, Leaderboards.LastCorrection(context.Window.StartTime.UtcDateTime, lateness));
        output.Collect(new PlayerMinute(context.Window.StartTime.UtcDateTime, player, totals.Team!, totals.Points, totals.Scores, knownAt));
    }
}
