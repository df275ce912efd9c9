using Millrace;
using Millrace.State;
using PlayerScores.Records;

namespace PlayerScores.Functions;

/// <summary>Puts the players of a minute in order: early, when the minute is over, and again with each correction.</summary>
/// <remarks>
/// Players are added up by several subtasks, whose results arrive in no particular order. So a result waits until the watermark, which is that of the
/// slowest of them, has passed the moment at which it was known: then all that was known at that moment is there. Leaderboards are therefore the same in
/// every run, at every parallelism, and no correction is mistaken for a part of the first result because it was quick.
/// </remarks>
/// <param name="top">How many players a leaderboard has.</param>
/// <param name="lateness">How long after its end a minute is still corrected; its state is gone then.</param>
public sealed class Leaderboards(int top, TimeSpan lateness) : KeyedProcessFunction<DateTime, PlayerMinute, Leaderboard>
{
    private ListState<PlayerMinute> _waiting = null!;
    private MapState<string, PlayerMinute> _players = null!;
    private ValueState<Progress> _progress = null!;

    /// <summary>The moment at which a minute is corrected for the last time.</summary>
    /// <param name="minute">The first moment of the minute.</param>
    /// <param name="lateness">How long after its end it is still corrected.</param>
    /// <returns>The event time.</returns>
    public static long LastCorrection(DateTime minute, TimeSpan lateness) => End(minute) + (long)lateness.TotalMilliseconds;

    /// <inheritdoc/>
    public override void Open(RuntimeContext context)
    {
        _waiting = context.GetListState(new ListStateDescriptor<PlayerMinute>("waiting"));
        _players = context.GetMapState(new MapStateDescriptor<string, PlayerMinute>("players"));
        _progress = context.GetState(new ValueStateDescriptor<Progress>("progress"));
    }

    /// <inheritdoc/>
    public override void ProcessElement(PlayerMinute known, KeyedProcessContext<DateTime> context, Collector<Leaderboard> output)
    {
        _waiting.Add(known);

        // A watermark of the moment itself may be followed by more that was known then; the next one is not.
        context.Timers.RegisterEventTimeTimer(known.KnownAt + 1);
        context.Timers.RegisterEventTimeTimer(LastCorrection(known.Minute, lateness) + 1);
    }

    /// <inheritdoc/>
    public override void OnTimer(long timestamp, KeyedTimerContext<DateTime> context, Collector<Leaderboard> output)
    {
        PlayerMinute[] waiting = [.. _waiting.AsSpan()];
        PlayerMinute[] due = [.. waiting.Where(known => known.KnownAt < timestamp)];
        if (due.Length > 0)
        {
            _waiting.Update([.. waiting.Where(known => known.KnownAt >= timestamp)]);
            foreach (var known in due)
            {
                _players[known.Player] = known;
            }

            output.Collect(Next(context.CurrentKey, isOver: timestamp > End(context.CurrentKey)));
        }

        if (timestamp > LastCorrection(context.CurrentKey, lateness))
        {
            _players.Clear();
            _progress.Clear();
        }
    }

    private Leaderboard Next(DateTime minute, bool isOver)
    {
        ref var progress = ref _progress.GetOrAdd();
        var kind = !isOver ? BoardKind.Early : progress.IsOver ? BoardKind.Correction : BoardKind.OnTime;
        progress.IsOver = isOver;
        progress.Revisions++;
        PlayerMinute[] players = [.. _players.Entries.Select(entry => entry.Value)];
        var best = players
            .OrderByDescending(player => player.Points)
            .ThenBy(player => player.Player, StringComparer.Ordinal)
            .Take(top)
            .Select((player, i) => new Standing(i + 1, player.Player, player.Team, player.Points));
        return new Leaderboard(minute, progress.Revisions, kind, players.Sum(player => player.Scores), [.. best]);
    }

    // The last moment within the minute, at whose watermark its window fires.
    private static long End(DateTime minute) => EventTime.From(minute.AddMinutes(1)) - 1;

    /// <summary>What has been said of a minute.</summary>
    private struct Progress
    {
        public int Revisions;
        public bool IsOver;
    }
}
