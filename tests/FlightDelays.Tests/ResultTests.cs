using System.Text.Json;

namespace FlightDelays.Tests;

public sealed class ResultTests : IDisposable
{
    // The most that a flight of the sample comes behind a later one is less than ten hours.
    private static readonly TimeSpan NothingLate = TimeSpan.FromHours(12);
    private static readonly TimeSpan Default = TimeSpan.FromHours(3);
    private static readonly string SampleFile = Path.Combine(Row.DataFolder, "flights-20k.json");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Every_folder_holds_what_a_naive_computation_gives(int parallelism)
    {
        var results = await Results.RunAsync(SampleFile, _folder["out"], parallelism, Default);
        Results.MustEqual(new Oracle(Row.Sample, Default).Folders, results);
        Assert.NotEmpty(results["late"]);
        Assert.NotEmpty(results["alerts"]);
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(4, 10)]
    [InlineData(2, 0)]
    public async Task Flights_are_in_an_hour_or_late_also_when_many_are_late(int parallelism, int maxDisorderMinutes)
    {
        var maxDisorder = TimeSpan.FromMinutes(maxDisorderMinutes);
        var results = await Results.RunAsync(SampleFile, _folder["out"], parallelism, maxDisorder);
        Results.MustEqual(new Oracle(Row.Sample, maxDisorder).Folders, results);
        Assert.True(results["late"].Length > 1_000, $"{results["late"].Length} flights are late");
        Assert.Equal(Row.Sample.Length, FlightsIn(results["hourly"]) + results["late"].Length);
    }

    [Theory]
    [InlineData("flights.json", 1)]
    [InlineData("flights.json", 2)]
    [InlineData("flights.json", 4)]
    [InlineData("flights.jsonl", 2)]
    [InlineData("flights.csv", 2)]
    [InlineData("flights.parquet", 2)]
    [InlineData("flights.parquet", 4)]
    [InlineData("folder", 1)]
    [InlineData("folder", 3)]
    public async Task Where_nothing_is_late_neither_format_nor_files_nor_parallelism_matter(string input, int parallelism)
    {
        Write(input);
        var results = await Results.RunAsync(_folder[input], _folder["out"], parallelism, NothingLate);
        Results.MustEqual(new Oracle(Row.Sample, NothingLate).Folders, results);
        Assert.Empty(results["late"]);
    }

    [Fact]
    public async Task Flights_from_airports_that_are_not_in_the_list_have_a_folder()
    {
        Row[] rows = [.. Row.Sample.Take(2_000).Select((row, i) => i % 7 == 0 ? row with { Origin = i % 14 == 0 ? "ZZZ" : "" } : row)];
        var results = await Results.RunAsync(_folder.Write("flights.jsonl", Row.ToJsonLines(rows)), _folder["out"], 2, Default);
        Results.MustEqual(new Oracle(rows, Default).Folders, results);
        Assert.Equal(286, results["unknown-airport"].Length);
        Assert.Equal(2_000 - 286, results["enriched"].Length);
    }

    [Fact]
    public async Task A_second_run_replaces_the_results_of_the_first_and_leaves_other_files_alone()
    {
        await Results.RunAsync(_folder.Write("many.jsonl", Row.ToJsonLines(Row.Sample.Take(3_000))), _folder["out"], 4, Default);
        File.WriteAllText(_folder["out/notes.txt"], "mine");
        var few = Row.Sample.Take(10).ToArray();
        var results = await Results.RunAsync(_folder.Write("few.jsonl", Row.ToJsonLines(few)), _folder["out"], 1, Default);
        Results.MustEqual(new Oracle(few, Default).Folders, results);
        Assert.Equal("mine", File.ReadAllText(_folder["out/notes.txt"]));
    }

    private static long FlightsIn(string[] windows) => windows.Sum(line => JsonDocument.Parse(line).RootElement.GetProperty("flights").GetInt64());

    private void Write(string input)
    {
        if (input == "folder")
        {
            // Dealt out in turn: each file spans all three months, so that reading one after the other would make most flights late.
            _folder.Write("folder/c.json", Row.ToJson(Row.Sample.Where((_, i) => i % 3 == 0)));
            _folder.Write("folder/a.jsonl", Row.ToJsonLines(Row.Sample.Where((_, i) => i % 3 == 1)));
            _folder.Write("folder/b.csv", Row.ToCsv(Row.Sample.Where((_, i) => i % 3 == 2)));
            _folder.Write("folder/.hidden", "not read");
            return;
        }

        if (input == "flights.parquet")
        {
            Row.WriteParquet(_folder[input], Row.Sample);
            return;
        }

        _folder.Write(input, Path.GetExtension(input) switch
        {
            ".json" => Row.ToJson(Row.Sample),
            ".csv" => Row.ToCsv(Row.Sample),
            _ => Row.ToJsonLines(Row.Sample),
        });
    }
}
