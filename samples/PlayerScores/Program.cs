using System.CommandLine;
using PlayerScores;
using Spectre.Console;

var defaults = new PlayerScoresOptions();
var scores = SampleOption.Number("--scores", "How many scores are made, 1 to 5000000. Default: 20000, about half an hour of play.", 1, 5_000_000, "-n");
var seed = SampleOption.Number("--seed", "Decides everything about the scores. Default: 1.", 0, int.MaxValue);
var disorder = SampleOption.Time("--disorder", "How long a score of an ordinary player may be on its way. Default: 2s.");
var latency = SampleOption.Time("--latency", "How long the scores of the player with the slow connection are on their way at most. Default: 4m.");
var lateness = SampleOption.Time("--allowed-lateness", "How long after the end of its minute a score is still counted. Default: 5m.");
var early = SampleOption.Time("--early", "How often a leaderboard is shown while its minute goes on; 0s: not before the minute is over. Default: 20s.");
var top = SampleOption.Number("--top", "How many players a leaderboard has, 1 to 31. Default: 5.", 1, 31);
var rate = SampleOption.Rate("--rate", "Scores read in a second, to have time to watch. Default: as fast as it goes.");
var output = SampleOption.Folder("--output", $"Folder of the results; those of an earlier run are overwritten. Default: {defaults.Output}", "-o");
var parallelism = SampleOption.Number("--parallelism", $"Subtasks per operator, 1 to 128. Default: one per processor, here {defaults.Parallelism}.", 1, 128, "-p");

var program = new SampleProgram("player-scores");
var command = new RootCommand("Makes scores of a game, some of which arrive minutes late, and writes a leaderboard for each minute, and its corrections.")
{
    scores, seed, disorder, latency, lateness, early, top, rate, output, parallelism,
};
command.SetAction((parsed, cancellationToken) =>
{
    var options = new PlayerScoresOptions
    {
        Scores = parsed.GetValue(scores) ?? defaults.Scores,
        Seed = parsed.GetValue(seed) ?? defaults.Seed,
        Disorder = parsed.GetValue(disorder) ?? defaults.Disorder,
        Latency = parsed.GetValue(latency) ?? defaults.Latency,
        AllowedLateness = parsed.GetValue(lateness) ?? defaults.AllowedLateness,
        EarlyEvery = parsed.GetValue(early) is not { } interval ? defaults.EarlyEvery : interval == TimeSpan.Zero ? null : interval,
        Top = parsed.GetValue(top) ?? defaults.Top,
        Rate = parsed.GetValue(rate),
        Output = parsed.GetValue(output) ?? defaults.Output,
        Parallelism = parsed.GetValue(parallelism) ?? defaults.Parallelism,
    };
    var results = new ResultFolders(options.Output);
    return program.RunAsync(
        new PlayerScoresJob(options, results), options.Parallelism, PlayerScoresJob.Minutes, job => Summary.Write(AnsiConsole.Console, results, job), cancellationToken);
});
return await program.InvokeAsync(command, args);
