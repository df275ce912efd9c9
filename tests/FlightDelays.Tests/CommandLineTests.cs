using Samples.Terminal;

namespace FlightDelays.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Without_options_it_finds_its_data_and_writes_under_the_current_directory()
    {
        var ended = await Sample.RunAsync(_folder.Path);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Results.MustEqual(new Oracle(Row.Sample, TimeSpan.FromHours(3)).Folders, Results.Read(_folder["out/flight-delays"]));
        Assert.Contains("20,000 records, ", ended.Output, StringComparison.Ordinal);
        Assert.Matches(@"Flights read +│ 20,000", ended.Output);
        Assert.Matches(@"165,515 +│ out/flight-delays/daily", ended.Output);
        Assert.Matches(@"14:00 +1,117 +8\.7 +█", ended.Output);
        Assert.DoesNotContain("\u001b", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_choose_input_output_parallelism_and_disorder()
    {
        Row[] rows = [.. Row.Sample.Take(3_000)];
        _folder.Write("in.csv", Row.ToCsv(rows));
        var ended = await Sample.RunAsync(_folder.Path, "--input", "in.csv", "--output", "there", "--parallelism", "3", "--max-disorder", "90m");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Results.MustEqual(new Oracle(rows, TimeSpan.FromMinutes(90)).Folders, Results.Read(_folder["there"]));
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        var ended = await Sample.RunAsync(_folder.Path, "--help");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.All(["--input", "--output", "--parallelism", "--max-disorder", "--checkpoint-dir", "--checkpoint-interval", "--run-again", "--rate", "--help"], option => Assert.Contains(option, ended.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("'nothing.json'", "--input", "nothing.json")]
    [InlineData("--parallelism is '0'; expected a number from 1 to 128", "--parallelism", "0")]
    [InlineData("--parallelism is '129'", "--parallelism", "129")]
    [InlineData("--parallelism is 'many'", "--parallelism", "many")]
    [InlineData("expected a time such as 3h", "--max-disorder", "soon")]
    [InlineData("--input is empty", "--input", "")]
    [InlineData("--checkpoint-dir is empty", "--checkpoint-dir", " ")]
    [InlineData("--checkpoint-interval is '0s'; expected a time above zero such as 500ms", "--checkpoint-dir", "c", "--checkpoint-interval", "0s")]
    [InlineData("--checkpoint-interval needs --checkpoint-dir", "--checkpoint-interval", "1s")]
    [InlineData("--run-again needs --checkpoint-dir", "--run-again")]
    [InlineData("--rate is '-1'; expected a number above zero", "--rate", "-1")]
    [InlineData("--rate is '0'", "--rate", "0")]
    [InlineData("--colour", "--colour")]
    public async Task Wrong_options_are_one_line_and_exit_code_2(string told, params string[] arguments)
    {
        MustBeBadInput(await Sample.RunAsync(_folder.Path, arguments), told);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("a.jsonl", "{0}\n{0}\n{1}\n", "line 3, byte 174", """{"date":"2001/01/01 00:47","delay":"late","distance":1,"origin":"DTW","destination":"LAS"}""")]
    [InlineData("a.jsonl", "{0}\n{1}\n", "line 2, byte 87", """{"date":"2001/13/01 00:47","delay":66,"distance":1,"origin":"DTW","destination":"LAS"}""")]
    [InlineData("a.jsonl", "{0}\n{1}\n", "line 2, byte 87", """{"date":"2001/01/01 00:47","distance":1,"origin":"DTW","destination":"LAS"}""")]
    [InlineData("a.jsonl", "{0}\n{1}\n", "line 2, byte 87", """{"date":"2001/01/01 00:47","delay":6,"distance":1,"origin":null,"destination":"LAS"}""")]
    [InlineData("a.json", "[\n{0},\n{1}\n]\n", "line 3, byte 90", """{"date":"2001/01/01 00:47","delay":1.5,"distance":1,"origin":"DTW","destination":"LAS"}""")]
    [InlineData("a.csv", "date,delay,distance,origin,destination\n{1}\n", "line 2, byte 39", "2001/01/01 00:47,late,1,DTW,LAS")]
    [InlineData("a.csv", "date,delay,distance,origin,destination\n{1}\n", "line 2, byte 39", "2001-01-01,6,1,DTW,LAS")]
    [InlineData("a.csv", "date,delay,origin,destination\n{1}\n", "no column for Flight's Distance", "2001/01/01 00:47,6,DTW,LAS")]
    [InlineData("a.txt", "{1}\n", "'.txt'", "text")]
    public async Task A_broken_input_is_one_line_with_its_place_and_exit_code_2(string name, string text, string told, string broken)
    {
        const string Good = """{"date":"2001/01/01 00:47","delay":66,"distance":1,"origin":"DTW","destination":"LAS"}""";
        string path = _folder.Write(name, text.Replace("{0}", Good, StringComparison.Ordinal).Replace("{1}", broken, StringComparison.Ordinal));
        var ended = await Sample.RunAsync(_folder.Path, "--input", name);
        MustBeBadInput(ended, told);

        // A job that takes longer than a second on a busy machine has shown how far it is; there must be no results.
        Assert.Matches("^([0-9,]+ records, [^\n]*\n)*$", ended.Output);
        Assert.Contains(path, ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_input_without_flights_gives_no_results_and_exit_code_0()
    {
        _folder.Write("none.json", "[]");
        var ended = await Sample.RunAsync(_folder.Path, "--input", "none.json");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.All(Results.Read(_folder["out/flight-delays"]), folder => Assert.Empty(folder.Value));
    }

    [Fact]
    public async Task An_output_that_cannot_be_written_is_one_line_and_exit_code_1()
    {
        _folder.Write("out", "a file");
        var ended = await Sample.RunAsync(_folder.Path);
        Assert.Equal(1, ended.ExitCode);
        Assert.Matches("^flight-delays: [^\n]+\n$", ended.Error);
        Assert.Contains(_folder["out/flight-delays"], ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_ends_the_job_and_leaves_no_unfinished_file()
    {
        // Many times what is read in the second until the first line of progress.
        using (var file = File.CreateText(_folder["many.jsonl"]))
        {
            string[] lines = [.. Row.Sample.Select(row => row.ToJson())];
            for (int year = 2001; year < 2041; year++)
            {
                foreach (string line in lines)
                {
                    await file.WriteLineAsync(line.Replace("\"2001/", $"\"{year}/", StringComparison.Ordinal));
                }
            }
        }

        using var sample = Sample.Start(_folder.Path, "--input", "many.jsonl");
        Assert.Contains(" records, ", await sample.Output.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await sample.InterruptAsync();
        var ended = await sample.EndAsync();
        Assert.Equal((130, "flight-delays: Cancelled. Results are incomplete.\n"), (ended.ExitCode, ended.Error));

        // A sink that had not been opened yet has no folder.
        Assert.All(Directory.EnumerateFiles(_folder["out/flight-delays"], "*", SearchOption.AllDirectories), file => Assert.Matches(@"^part-\d+-\d+\.jsonl$", Path.GetFileName(file)));
    }

    [Theory]
    [InlineData("3h", 180)]
    [InlineData("90m", 90)]
    [InlineData("120s", 2)]
    [InlineData("2d", 2880)]
    [InlineData("0m", 0)]
    [InlineData("00:30:00", 30)]
    [InlineData("1:30", 90)]
    [InlineData("60000ms", 1)]
    [InlineData("1.02:00:00", 1560)]
    public void Duration_TimeAsPeopleWriteIt_IsRead(string text, int minutes)
    {
        Assert.True(Duration.TryParse(text, out var value));
        Assert.Equal(TimeSpan.FromMinutes(minutes), value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("h")]
    [InlineData("3")]
    [InlineData("-3h")]
    [InlineData("-00:30:00")]
    [InlineData("3 h")]
    [InlineData("3w")]
    [InlineData("ms")]
    [InlineData("-5ms")]
    [InlineData("99999999d")]
    [InlineData("1,5h")]
    public void Duration_AnythingElse_IsRefused(string text) => Assert.False(Duration.TryParse(text, out _));

    private static void MustBeBadInput(Ended ended, string told)
    {
        Assert.Equal(2, ended.ExitCode);
        Assert.Matches("^flight-delays: [^\n]+\n$", ended.Error);
        Assert.Contains(told, ended.Error, StringComparison.Ordinal);
    }
}
