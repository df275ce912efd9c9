using CsCheck;

namespace FlightDelays.Tests;

public sealed class AlertTests : IDisposable
{
    private static readonly DateTime Start = new(2001, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private readonly TempFolder _folder = new();
    private int _runs;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_alert_a_streak_and_another_after_a_punctual_departure()
    {
        var rows = Enumerable.Range(0, 30).Select(i => Row.At(Start.AddMinutes(i), i == 14 ? 15 : 16, "SFO")).Append(Row.At(Start.AddHours(9), 16, "SFO"));
        Assert.Equal(
            [
                """{"airport":"SFO","time":"2001-01-01T12:25:00Z","since":"2001-01-01T12:16:00Z"}""",
                """{"airport":"SFO","time":"2001-01-01T12:40:00Z","since":"2001-01-01T12:31:00Z"}""",
            ],
            await AlertsAsync(rows, TimeSpan.FromHours(3)));
    }

    [Fact]
    public async Task The_order_is_that_of_event_time_and_not_of_arrival()
    {
        // The punctual flight comes last and departs fifth.
        var rows = Enumerable.Range(0, 12).Select(i => Row.At(Start.AddMinutes(i), 20, "SFO")).Append(Row.At(Start.AddMinutes(24), 0, "SFO"));
        Assert.Empty(await AlertsAsync(rows, TimeSpan.FromHours(3)));
    }

    [Theory]
    [InlineData("BBB", 100, true)]
    [InlineData("AAA", 200, true)]
    [InlineData("AAA", 50, false)]
    public async Task Departures_of_one_minute_are_ordered_by_destination_and_distance(string destination, int distance, bool raised)
    {
        // At 12:29 the tenth delayed flight and a punctual one depart; only when the punctual one is second has the streak reached ten.
        var rows = Enumerable.Range(0, 10).Select(i => Row.At(Start.AddMinutes(i), 20, "SFO")).Append(Row.At(Start.AddMinutes(29), 0, "SFO", destination, distance));
        Assert.Equal(raised ? 1 : 0, (await AlertsAsync(rows, TimeSpan.FromHours(3))).Length);
    }

    [Fact]
    public async Task A_departure_behind_the_watermark_does_not_change_what_was_decided()
    {
        // When the punctual flight of 12:25 comes, the watermark of the flight of 12:40 has passed it.
        var rows = Enumerable.Range(0, 10).Select(i => Row.At(Start.AddMinutes(i), 20, "SFO"))
            .Append(Row.At(Start.AddMinutes(20), 20, "OAK"))
            .Append(Row.At(Start.AddMinutes(25), 0, "SFO"));
        Assert.Single(await AlertsAsync(rows, TimeSpan.FromMinutes(1)));
        Assert.Empty(await AlertsAsync(rows, TimeSpan.FromMinutes(30)));
    }

    [Fact]
    public Task Random_flights_give_what_a_naive_computation_gives()
    {
        var row = Gen.Select(Gen.Int[0, 600], Gen.Int[-20, 240], Gen.Int[1, 3], Gen.OneOf("SFO", "OAK", "ZZZ"), Gen.OneOf("AAA", "BBB"))
            .Select((minute, delay, distance, origin, destination) => Row.At(Start.AddMinutes(minute), delay, origin, destination, distance));
        return Gen.Select(row.Array[1, 120], Gen.OneOf(0, 30, 180, 2_000), Gen.Int[1, 3]).SampleAsync(
            async (rows, maxDisorderMinutes, parallelism) =>
            {
                var maxDisorder = TimeSpan.FromMinutes(maxDisorderMinutes);
                int run = Interlocked.Increment(ref _runs);
                string input = _folder.Write($"{run}.jsonl", Row.ToJsonLines(rows));
                Results.MustEqual(new Oracle(rows, maxDisorder).Folders, await Results.RunAsync(input, _folder[$"out{run}"], parallelism, maxDisorder));
            },
            iter: 60,
            threads: 1);
    }

    private async Task<string[]> AlertsAsync(IEnumerable<Row> rows, TimeSpan maxDisorder)
    {
        string input = _folder.Write("flights.jsonl", Row.ToJsonLines(rows));
        return (await Results.RunAsync(input, _folder["out"], 2, maxDisorder))["alerts"];
    }
}
