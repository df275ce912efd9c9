using System.CommandLine;

namespace FlightDelays.Terminal;

/// <summary>The program's options, as System.CommandLine reads and explains them.</summary>
public static class CommandLine
{
    /// <summary>Runs the program.</summary>
    /// <param name="args">The arguments.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var defaults = new FlightDelaysOptions();
        var input = SampleOption.Folder(
            "--input", "Flights: a .json, .jsonl, .ndjson, .csv or .parquet file, also .gz or .zst, or a folder of such files. Default: 20,000 flights that come with the sample.", "-i");
        input.HelpName = "path";
        var output = SampleOption.Folder(
            "--output", $"Folder of the results; those of an earlier run are overwritten, unless it goes on from a checkpoint. Default: {defaults.Output}", "-o");
        var parallelism = SampleOption.Number("--parallelism", $"Subtasks per operator, 1 to 128. Default: one per processor, here {defaults.Parallelism}.", 1, 128, "-p");
        var maxDisorder = SampleOption.Time(
            "--max-disorder", "How far a flight may come behind a later one before it is late, for example 3h, 90m, 45s or 00:30:00. Default: 3h.", "3h, 90m, 45s or 00:30:00");
        var checkpointFolder = SampleOption.Folder(
            "--checkpoint-dir", "Folder of checkpoints. A run that was stopped or killed goes on from the latest one when it is started again with the same arguments. Default: none.");
        var checkpointInterval = SampleOption.Time(
            "--checkpoint-interval", "How often a checkpoint begins, for example 500ms or 10s. Default: 10s.", "500ms, 10s or 1m", aboveZero: true);
        var runAgain = new Option<bool>("--run-again")
        {
            Description = "Run the job again, from its beginning, although it has finished with these checkpoints; its results are overwritten. Default: it is not run.",
        };
        var rate = SampleOption.Rate("--rate", "Flights read in a second from each file, to have time to watch. Default: as fast as it goes.");
        var command = new RootCommand("Reads flights, and writes how punctual airports were into a folder per result.")
        {
            input, output, parallelism, maxDisorder, checkpointFolder, checkpointInterval, runAgain, rate,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(checkpointInterval) is not null && result.GetResult(checkpointFolder) is null)
            {
                result.AddError($"{checkpointInterval.Name} needs {checkpointFolder.Name}.");
            }

            if (result.GetValue(runAgain) && result.GetResult(checkpointFolder) is null)
            {
                result.AddError($"{runAgain.Name} needs {checkpointFolder.Name}.");
            }
        });
        command.SetAction((parsed, cancellationToken) => JobRunner.RunAsync(
            new FlightDelaysOptions
            {
                Input = parsed.GetValue(input) ?? defaults.Input,
                Output = parsed.GetValue(output) ?? defaults.Output,
                Parallelism = parsed.GetValue(parallelism) ?? defaults.Parallelism,
                MaxDisorder = parsed.GetValue(maxDisorder) ?? defaults.MaxDisorder,
                CheckpointFolder = parsed.GetValue(checkpointFolder),
                CheckpointInterval = parsed.GetValue(checkpointInterval) ?? defaults.CheckpointInterval,
                RunAgain = parsed.GetValue(runAgain),
                Rate = parsed.GetValue(rate),
            },
            cancellationToken));

        return await JobRunner.Program.InvokeAsync(command, args);
    }
}
