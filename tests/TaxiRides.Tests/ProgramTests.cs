using TaxiRides.Records;

namespace TaxiRides.Tests;

public sealed class ProgramTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_writes_its_folders_and_says_what_it_has_found()
    {
        var ended = await Sample.RunAsync(_folder.Path, "--rides", "800", "--seed", "5", "--parallelism", "2", "--disorder", "10m", "--missing-fares", "3", "--output", "there");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.Matches("Drivers of the hour", ended.Output);
        Assert.Matches("there/long-rides", ended.Output);
        Assert.DoesNotContain("\u001b", ended.Output, StringComparison.Ordinal);

        var expected = Oracle.Of(TaxiCity.Generate(new TaxiRidesOptions { Rides = 800, Seed = 5, Disorder = TimeSpan.FromMinutes(10), MissingFares = 3 }));
        var results = new ResultFolders(_folder["there"]);
        MustEqual<RideEvent>("rides", "rides");
        MustEqual<RideEvent>("outside", "outside-the-city");
        MustEqual<RideWithFare>("joined", "rides-with-fares");
        MustEqual<RideEvent>("no fare", "rides-without-fare");
        MustEqual<TaxiFare>("no ride", "fares-without-ride");
        MustEqual<HourlyTips>("tips", "tips");
        MustEqual<HourlyTips>("best", "drivers-of-the-hour");
        MustEqual<LongRide>("long", "long-rides");

        void MustEqual<T>(string name, string folder) =>
            Assert.Equal(expected[name], results.Read<T>(folder).Select(row => FormattableString.Invariant($"{row}")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        var ended = await Sample.RunAsync(_folder.Path, "--help");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.All(
            ["--rides", "--seed", "--disorder", "--missing-ends", "--missing-fares", "--rate", "--output", "--parallelism"],
            option => Assert.Contains(option, ended.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--rides is '0'; expected a number from 1 to 1000000", "--rides", "0")]
    [InlineData("--disorder is 'soon'; expected a time such as 5m", "--disorder", "soon")]
    [InlineData("--missing-ends is '101'", "--missing-ends", "101")]
    [InlineData("--rate is '0'; expected a number above zero", "--rate", "0")]
    [InlineData("--output is empty", "--output", "")]
    [InlineData("--colour", "--colour")]
    public async Task Wrong_options_are_one_line_and_exit_code_2(string told, params string[] arguments)
    {
        var ended = await Sample.RunAsync(_folder.Path, arguments);
        Assert.Equal(2, ended.ExitCode);
        Assert.Matches("^taxi-rides: [^\n]+\n$", ended.Error);
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
        Assert.Equal((130, "taxi-rides: Cancelled. Results are incomplete.\n"), (ended.ExitCode, ended.Error));
        Assert.All(
            Directory.EnumerateFiles(_folder["there"], "*", SearchOption.AllDirectories),
            file => Assert.Matches(@"^part-\d+-\d+\.jsonl$", Path.GetFileName(file)));
    }
}
