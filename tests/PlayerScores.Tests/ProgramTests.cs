using PlayerScores.Records;

namespace PlayerScores.Tests;

public sealed class ProgramTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_writes_its_folders_and_says_what_it_has_found()
    {
        var ended = await Sample.RunAsync(
            _folder.Path, "--scores", "2500", "--seed", "5", "--parallelism", "2", "--latency", "1m", "--allowed-lateness", "50s", "--early", "0s", "--output", "there");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.Contains("Leaderboards before and after corrections", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", ended.Output, StringComparison.Ordinal);

        var options = new PlayerScoresOptions { Scores = 2_500, Seed = 5, Latency = TimeSpan.FromMinutes(1), AllowedLateness = TimeSpan.FromSeconds(50), EarlyEvery = null };
        var expected = Oracle.Of(Game.Generate(options), options);
        var results = new ResultFolders(_folder["there"]);
        Assert.Equal(Sorted(expected.Boards()), Sorted(results.Read<Leaderboard>("leaderboards")));
        Assert.Equal(Sorted(expected.TooLate), Sorted(results.Read<PlayerScore>("too-late")));
        Assert.Matches($"Scores that came too late +│ {expected.TooLate.Count} ", ended.Output);
        Assert.Matches($"Scores counted in their minute +│ {2_500 - expected.TooLate.Count:N0} ", ended.Output);
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        var ended = await Sample.RunAsync(_folder.Path, "--help");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.All(
            ["--scores", "--seed", "--disorder", "--latency", "--allowed-lateness", "--early", "--top", "--rate", "--output", "--parallelism"],
            option => Assert.Contains(option, ended.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--scores is 'many'; expected a number from 1 to 5000000", "--scores", "many")]
    [InlineData("--latency is '-1s'; expected a time such as 5m", "--latency", "-1s")]
    [InlineData("--top is '0'", "--top", "0")]
    public async Task Wrong_options_are_one_line_and_exit_code_2(string told, params string[] arguments)
    {
        var ended = await Sample.RunAsync(_folder.Path, arguments);
        Assert.Equal(2, ended.ExitCode);
        Assert.Matches("^player-scores: [^\n]+\n$", ended.Error);
        Assert.Contains(told, ended.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Ctrl_C_ends_the_job_and_leaves_no_unfinished_file()
    {
        using var sample = Sample.Start(_folder.Path, "--rate", "500", "--output", "there");
        Assert.Contains(" records, ", await sample.Output.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await sample.InterruptAsync();
        var ended = await sample.EndAsync();
        Assert.Equal((130, "player-scores: Cancelled. Results are incomplete.\n"), (ended.ExitCode, ended.Error));
        Assert.All(
            Directory.EnumerateFiles(_folder["there"], "*", SearchOption.AllDirectories),
            file => Assert.Matches(@"^part-\d+-\d+\.jsonl$", Path.GetFileName(file)));
    }

    private static IEnumerable<string> Sorted<T>(IEnumerable<T> rows) => rows.Select(row => Oracle.Text(row)).Order(StringComparer.Ordinal);
}
