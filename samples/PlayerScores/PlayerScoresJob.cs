using Millrace;
using Millrace.Windowing;
using PlayerScores.Functions;
using PlayerScores.Records;

namespace PlayerScores;

/// <summary>A leaderboard for each minute of a game, in event time: a score counts in the minute in which it was made, even when it arrives minutes later.</summary>
/// <param name="options">How many scores, how late, and how long to wait for them.</param>
/// <param name="results">Where the results go.</param>
public sealed class PlayerScoresJob(PlayerScoresOptions options, ResultFolders results) : IStreamJob
{
    /// <summary>The name of the operator whose watermark and late scores the program shows.</summary>
    public const string Minutes = "Minutes of players";

    private static readonly OutputTag<PlayerScore> TooLate = new("too-late");

    /// <inheritdoc/>
    public void Build(StreamExecutionEnvironment env)
    {
        var (boards, tooLate) = Declare(env, Game.Generate(options), options);
        results.Write(boards, "leaderboards");
        results.Write(tooLate, "too-late");
    }

    /// <summary>Declares everything but where the results go.</summary>
    /// <param name="env">The environment.</param>
    /// <param name="scores">The input, as it arrives.</param>
    /// <param name="options">How long to wait, and what to show.</param>
    /// <returns>The leaderboards, and the scores that are in none of them.</returns>
    public static (DataStream<Leaderboard> Boards, DataStream<PlayerScore> TooLate) Declare(
        StreamExecutionEnvironment env, PlayerScore[] scores, PlayerScoresOptions options)
    {
        ArgumentNullException.ThrowIfNull(env);
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(options);

        // The watermark waits for ordinary players only: waiting for the slow one would hold up everybody's results by minutes.
        // One after every score, and not by the clock, makes what is late a matter of the scores alone.
        var stream = env.FromGenerator(i => scores[i], scores.Length, options.Rate, WatermarkStrategy<PlayerScore>
            .ForBoundedOutOfOrderness(options.Disorder)
            .WithTimestampAssigner(score => EventTime.From(score.Time))
            .WithWatermarkEvery(1)).Name("Scores").Parallelism(1);

        // A minute that is over stays for a while: a score that belongs to it gives its sum anew.
        var minutes = stream.KeyBy(score => score.Player)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromMinutes(1)))
            .AllowedLateness(options.AllowedLateness)
            .SideOutputLateData(TooLate)
            .Trigger(triggers => options.EarlyEvery is { } interval ? triggers.ContinuousEventTime(interval) : triggers.EventTime())
            .Aggregate(() => new SumOfPoints(), () => new WithPlayerAndMinute(options.AllowedLateness))
            .Name(Minutes);

        var boards = minutes.KeyBy(minute => minute.Minute)
            .Process(() => new Leaderboards(options.Top, options.AllowedLateness))
            .Name("Leaderboards");
        return (boards, minutes.GetSideOutput(TooLate));
    }
}
