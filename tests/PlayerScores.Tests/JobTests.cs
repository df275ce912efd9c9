using CsCheck;
using Millrace.Testing;
using Millrace.Windowing;
using PlayerScores.Records;

namespace PlayerScores.Tests;

public sealed class JobTests
{
    private static readonly PlayerScoresOptions Small = new()
    {
        Scores = 1_500,
        Latency = TimeSpan.FromSeconds(60),
        AllowedLateness = TimeSpan.FromSeconds(50),
        Seed = 4,
    };

    // Where barriers overtake records and the job goes on at another parallelism, those records come before the watermarks that they came behind: a late
    // score may then be in an earlier leaderboard, or not be late at all.
    public static TheoryData<string> Ways => [.. JobWay.All.Where(way => !way.IsAtLeastOnce && !MayForgetWatermarks(way)).Select(way => way.Name)];

    public static TheoryData<string> WaysThatMayForgetWatermarks => [.. JobWay.All.Where(MayForgetWatermarks).Select(way => way.Name)];

    [Theory]
    [InlineData(1, 20, 2)]
    [InlineData(2, 20, 2)]
    [InlineData(2, 0, 2)]
    [InlineData(2, 7, 0)]
    [InlineData(3, 20, 30)]
    public void Every_leaderboard_and_every_correction_is_what_a_naive_computation_says(int parallelism, int earlySeconds, int disorderSeconds)
    {
        var options = Small with
        {
            Scores = 3_000,
            EarlyEvery = earlySeconds == 0 ? null : TimeSpan.FromSeconds(earlySeconds),
            Disorder = TimeSpan.FromSeconds(disorderSeconds),
        };
        var scores = Game.Generate(options);
        var oracle = Oracle.Of(scores, options);
        Assert.Null(oracle.Results().DifferenceTo(Run(scores, options, parallelism)));
        Assert.Equal(disorderSeconds < 30, oracle.TooLate.Count > 0);
        Assert.Contains(oracle.Boards(), board => board.Kind == BoardKind.Correction);
        Assert.Equal(earlySeconds > 0, oracle.Boards().Any(board => board.Kind == BoardKind.Early));
    }

    [Fact]
    public void A_late_score_counts_in_the_minute_in_which_it_was_made()
    {
        var options = new PlayerScoresOptions { EarlyEvery = null, AllowedLateness = TimeSpan.FromMinutes(5), Disorder = TimeSpan.Zero, Top = 2 };
        var start = new DateTime(2024, 5, 4, 18, 0, 0, DateTimeKind.Utc);
        PlayerScore[] scores =
        [
            new("Amber-1", "Amber", 10, start.AddSeconds(10)),
            new("Ivory-1", "Ivory", 5, start.AddSeconds(61)),
            new("Ivory-1", "Ivory", 5, start.AddSeconds(62)),
            new(Game.SlowPlayer, "Azure", 30, start.AddSeconds(59)),
            new("Ivory-1", "Ivory", 5, start.AddMinutes(6).AddMilliseconds(-2)),
            new(Game.SlowPlayer, "Azure", 1, start),
            new("Ivory-1", "Ivory", 5, start.AddMinutes(6)),
            new(Game.SlowPlayer, "Azure", 100, start.AddSeconds(30)),
        ];
        var results = Run(scores, options, 2);
        var boards = results["boards"].Where(row => row.Contains("18:00:00", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            [
                """{"Minute":"2024-05-04T18:00:00Z","Revision":1,"Kind":"OnTime","Scores":1,"Top":[{"Rank":1,"Player":"Amber-1","Team":"Amber","Points":10}]}""",
                """{"Minute":"2024-05-04T18:00:00Z","Revision":2,"Kind":"Correction","Scores":2,"Top":[{"Rank":1,"Player":"Far-Away-Fiona","Team":"Azure","Points":30},{"Rank":2,"Player":"Amber-1","Team":"Amber","Points":10}]}""",
                """{"Minute":"2024-05-04T18:00:00Z","Revision":3,"Kind":"Correction","Scores":3,"Top":[{"Rank":1,"Player":"Far-Away-Fiona","Team":"Azure","Points":31},{"Rank":2,"Player":"Amber-1","Team":"Amber","Points":10}]}""",
            ],
            boards);
        Assert.Equal([Oracle.Text(scores[^1])], results["too late"]);
    }

    [Fact]
    public void Any_game_gives_what_a_naive_computation_gives() =>
        Gen.Select(Gen.Int[1, 600], Gen.Int[0, 1_000_000], Gen.Int[0, 20], Gen.Int[0, 90], Gen.Int[0, 90], Gen.Int[0, 30], Gen.Int[1, 3]).Sample(
            (count, seed, disorder, latency, lateness, early, parallelism) =>
            {
                var options = new PlayerScoresOptions
                {
                    Scores = count,
                    Seed = seed,
                    Disorder = TimeSpan.FromSeconds(disorder),
                    Latency = TimeSpan.FromSeconds(latency),
                    AllowedLateness = TimeSpan.FromSeconds(lateness),
                    EarlyEvery = early == 0 ? null : TimeSpan.FromSeconds(early),
                };
                var scores = Game.Generate(options);
                Assert.Null(Oracle.Of(scores, options).Results().DifferenceTo(Run(scores, options, parallelism)));
            },
            iter: 40,
            threads: 1);

    [Theory]
    [MemberData(nameof(Ways))]
    public void Crashes_savepoints_and_other_parallelisms_make_no_difference(string way)
    {
        var scores = Game.Generate(Small);
        var report = JobEquivalence.Check(
            job => Oracle.Declare(job, scores, Small), JobWay.Named(way), Oracle.Of(scores, Small).Results(), new JobEquivalenceOptions { Seeds = 2, Parallelisms = [1, 2] });
        Assert.True(report.Checkpoints > 0);
    }

    [Theory]
    [MemberData(nameof(WaysThatMayForgetWatermarks))]
    public void The_last_leaderboard_of_a_minute_is_right_even_where_watermarks_are_forgotten(string way)
    {
        var options = Small with { AllowedLateness = TimeSpan.FromMinutes(3) };
        var scores = Game.Generate(options);
        var oracle = Oracle.Of(scores, options);
        Assert.Empty(oracle.TooLate);
        var last = oracle.Boards().GroupBy(board => board.Minute).Select(minute => minute.MaxBy(board => board.Revision)!).Select(Result);
        var report = JobEquivalence.Check(
            job =>
            {
                var boards = PlayerScoresJob.Declare(job.Env, scores, options).Boards;
                var results = boards.KeyBy(board => board.Minute).Window(GlobalWindows.AtEndOfInput()).Reduce((one, other) => one.Revision > other.Revision ? one : other);
                job.Capture(results, "last", Result);
            },
            JobWay.Named(way),
            new JobResults(new Dictionary<string, IEnumerable<string>> { ["last"] = last }),
            new JobEquivalenceOptions { Seeds = 4, Parallelisms = [1, 2] });
        Assert.True(report.InFlightBytes > 0);

        static string Result(Leaderboard board) => Oracle.Text(new { board.Minute, board.Scores, board.Top });
    }

    private static bool MayForgetWatermarks(JobWay way) =>
        !way.IsAtLeastOnce && way.Name.Contains("another parallelism", StringComparison.Ordinal)
        && (way.Name.StartsWith("unaligned", StringComparison.Ordinal) || way.Name.StartsWith("aligned with timeout", StringComparison.Ordinal));

    private static JobResults Run(PlayerScore[] scores, PlayerScoresOptions options, int parallelism) =>
        JobEquivalence.RunUndisturbed(job => Oracle.Declare(job, scores, options), new JobEquivalenceOptions { Parallelisms = [parallelism] });
}
