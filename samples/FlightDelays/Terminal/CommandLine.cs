using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Globalization;

namespace FlightDelays.Terminal;

/// <summary>The program's options, as System.CommandLine reads and explains them.</summary>
public static class CommandLine
{
    // A cancelled job closes its files first; the engine gives up on a stuck function after 30 s itself.
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(40);

    /// <summary>Runs the program.</summary>
    /// <param name="args">The arguments.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var defaults = new FlightDelaysOptions();
        var input = new Option<string>("--input", "-i")
        {
            Description = "Flights: a .json, .jsonl, .ndjson, .csv or .parquet file, also .gz or .zst, or a folder of such files. Default: 20,000 flights that come with the sample.",
            HelpName = "path",
        };
        var output = new Option<string>("--output", "-o")
        {
            Description = $"Folder of the results; those of an earlier run are overwritten, unless it goes on from a checkpoint. Default: {defaults.Output}",
            HelpName = "folder",
        };
        var parallelism = new Option<int?>("--parallelism", "-p")
        {
            Description = $"Subtasks per operator, 1 to 128. Default: one per processor, here {defaults.Parallelism}.",
            HelpName = "number",
            CustomParser = Parse<int>(ParseParallelism, "a number from 1 to 128"),
        };
        var maxDisorder = new Option<TimeSpan?>("--max-disorder")
        {
            Description = "How far a flight may come behind a later one before it is late, for example 3h, 90m, 45s or 00:30:00. Default: 3h.",
            HelpName = "time",
            CustomParser = Parse<TimeSpan>(text => Duration.TryParse(text, out var value) ? value : null, "a time such as 3h, 90m, 45s or 00:30:00"),
        };
        var checkpointFolder = new Option<string>("--checkpoint-dir")
        {
            Description = "Folder of checkpoints. A run that was stopped or killed goes on from the latest one when it is started again with the same arguments. Default: none.",
            HelpName = "folder",
        };
        var checkpointInterval = new Option<TimeSpan?>("--checkpoint-interval")
        {
            Description = "How often a checkpoint begins, for example 500ms or 10s. Default: 10s.",
            HelpName = "time",
            CustomParser = Parse<TimeSpan>(
                text => Duration.TryParse(text, out var value) && value > TimeSpan.Zero ? value : null, "a time above zero such as 500ms, 10s or 1m"),
        };
        var runAgain = new Option<bool>("--run-again")
        {
            Description = "Run the job again, from its beginning, although it has finished with these checkpoints; its results are overwritten. Default: it is not run.",
        };
        var rate = new Option<double?>("--rate")
        {
            Description = "Flights read in a second from each file, to have time to watch. Default: as fast as it goes.",
            HelpName = "number",
            CustomParser = Parse<double>(ParseRate, "a number above zero"),
        };
        input.Validators.Add(RefuseEmpty);
        output.Validators.Add(RefuseEmpty);
        checkpointFolder.Validators.Add(RefuseEmpty);
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

        var result = command.Parse(args);
        if (result.Errors.Count > 0 && result.Action is not HelpAction)
        {
            return JobRunner.Fail(result.Errors[0].Message + " Try --help.", ExitCode.BadInput);
        }

        return await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeToEnd });
    }

    private static int? ParseParallelism(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value is >= 1 and <= 128 ? value : null;

    private static double? ParseRate(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value) ? value : null;

    private static void RefuseEmpty(OptionResult result)
    {
        if (string.IsNullOrWhiteSpace(result.Tokens.SingleOrDefault()?.Value))
        {
            result.AddError($"{result.Option.Name} is empty; expected a path.");
        }
    }

    private static Func<ArgumentResult, T?> Parse<T>(Func<string, T?> parse, string expected)
        where T : struct => result =>
        {
            string text = result.Tokens.Single().Value;
            var value = parse(text);
            if (value is null)
            {
                result.AddError($"{((OptionResult)result.Parent!).Option.Name} is '{text}'; expected {expected}.");
            }

            return value;
        };
}
