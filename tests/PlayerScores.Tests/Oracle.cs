using System.Text.Json;
using System.Text.Json.Serialization;
using Millrace;
using Millrace.Testing;
using PlayerScores.Records;

namespace PlayerScores.Tests;

/// <summary>What the job must say, computed score by score in one loop, with one watermark and no engine.</summary>
internal sealed class Oracle
{
    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };
    private readonly PlayerScoresOptions _options;
    private readonly Dictionary<(DateTime Minute, string Player), Sum> _sums = [];
    private readonly Dictionary<DateTime, SortedDictionary<long, Dictionary<string, Sum>>> _known = [];
    private long _watermark = long.MinValue;

    private Oracle(PlayerScoresOptions options)
    {
        _options = options;
    }

    public List<PlayerScore> TooLate { get; } = [];

    public static Oracle Of(PlayerScore[] scores, PlayerScoresOptions options)
    {
        var oracle = new Oracle(options);
        long latest = long.MinValue;
        foreach (var score in scores)
        {
            oracle.Add(score);
            latest = Math.Max(latest, EventTime.From(score.Time));
            oracle.Advance(latest - (long)options.Disorder.TotalMilliseconds - 1);
        }

        oracle.Advance(long.MaxValue);
        return oracle;
    }

    public JobResults Results() => new(new Dictionary<string, IEnumerable<string>> { ["boards"] = Boards().Select(Text), ["too late"] = TooLate.Select(Text) });

    /// <summary>Declares the job so that its results can be compared with these.</summary>
    public static void Declare(JobUnderTest job, PlayerScore[] scores, PlayerScoresOptions options)
    {
        var (boards, tooLate) = PlayerScoresJob.Declare(job.Env, scores, options);
        job.Capture(boards, "boards", Text);
        job.Capture(tooLate, "too late", Text);
    }

    public static string Text<T>(T value) => JsonSerializer.Serialize(value, Json);

    public IEnumerable<Leaderboard> Boards()
    {
        foreach (var (minute, moments) in _known)
        {
            Dictionary<string, Sum> players = [];
            bool wasOver = false;
            int revision = 0;
            foreach (var (moment, changes) in moments)
            {
                foreach (var (player, sum) in changes)
                {
                    players[player] = sum;
                }

                bool isOver = moment >= LastMoment(minute);
                var top = players.OrderBy(player => (-player.Value.Points, player.Key), Comparer<(int, string)>.Create((a, b) =>
                    a.Item1 != b.Item1 ? a.Item1.CompareTo(b.Item1) : string.CompareOrdinal(a.Item2, b.Item2))).Take(_options.Top).Select((player, i) => new Standing(i + 1, player.Key, player.Value.Team, player.Value.Points));
                yield return new Leaderboard(
                    minute, ++revision, !isOver ? BoardKind.Early : wasOver ? BoardKind.Correction : BoardKind.OnTime, players.Values.Sum(sum => sum.Scores), [.. top]);
                wasOver = isOver;
            }
        }
    }

    private void Add(PlayerScore score)
    {
        var minute = MinuteOf(score);
        if (LastMoment(minute) + Lateness <= _watermark)
        {
            TooLate.Add(score);
            return;
        }

        var sum = _sums.GetValueOrDefault((minute, score.Player)) ?? new Sum(score.Team, 0, 0, long.MaxValue, false);
        sum = sum with { Points = sum.Points + score.Points, Scores = sum.Scores + 1 };
        if (_options.EarlyEvery is { } interval && sum.Next == long.MaxValue)
        {
            sum = sum with { Next = NextMark(EventTime.From(score.Time), interval) };
        }

        if (LastMoment(minute) <= _watermark)
        {
            Know(minute, score.Player, sum, _watermark);
            sum = sum with { IsOver = true };
        }

        _sums[(minute, score.Player)] = sum;
    }

    private void Advance(long watermark)
    {
        if (watermark <= _watermark)
        {
            return;
        }

        _watermark = watermark;
        foreach (var ((minute, player), sum) in _sums.Where(entry => !entry.Value.IsOver).ToList())
        {
            long last = LastMoment(minute);
            bool isDue = sum.Next <= watermark && sum.Next < last;
            if (isDue || last <= watermark)
            {
                Know(minute, player, sum, Math.Min(watermark, last + Lateness));
                _sums[(minute, player)] = sum with { IsOver = last <= watermark, Next = isDue && watermark < last ? NextMark(watermark, _options.EarlyEvery!.Value) : sum.Next };
            }
        }
    }

    private void Know(DateTime minute, string player, Sum sum, long moment)
    {
        if (!_known.TryGetValue(minute, out var moments))
        {
            _known.Add(minute, moments = []);
        }

        if (!moments.TryGetValue(moment, out var players))
        {
            moments.Add(moment, players = []);
        }

        players[player] = sum;
    }

    private long Lateness => (long)_options.AllowedLateness.TotalMilliseconds;

    private static DateTime MinuteOf(PlayerScore score) => score.Time.Date.AddMinutes(Math.Floor(score.Time.TimeOfDay.TotalMinutes));

    private static long LastMoment(DateTime minute) => EventTime.From(minute.AddMinutes(1)) - 1;

    private static long NextMark(long time, TimeSpan interval) => ((time / (long)interval.TotalMilliseconds) + 1) * (long)interval.TotalMilliseconds;

    private sealed record Sum(string Team, int Points, int Scores, long Next, bool IsOver);
}
