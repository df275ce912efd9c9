using System.Globalization;
using Millrace;
using Millrace.Checkpointing;
using Spectre.Console;

namespace FlightDelays.Terminal;

/// <summary>Runs the job, shows how it goes, and turns its end into an exit code.</summary>
public static class JobRunner
{
    /// <summary>How the program speaks: its name begins its lines on standard error.</summary>
    public static SampleProgram Program { get; } = new("flight-delays");

    /// <summary>Runs the job.</summary>
    /// <param name="options">What the user chose.</param>
    /// <param name="cancellationToken">Cancelled by Ctrl+C.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(FlightDelaysOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = options.Parallelism });
            if (options.CheckpointFolder is { } folder)
            {
                env.Options.Checkpoints = new CheckpointOptions
                {
                    Storage = new DirectoryCheckpointStorage(folder),
                    Interval = options.CheckpointInterval,
                    RunFinishedAgain = options.RunAgain,
                };

                // By default it would try for ever, which is right for a service; here somebody waits for the end.
                env.Options.RestartStrategy = RestartStrategy.FixedDelay(attempts: 3, TimeSpan.FromSeconds(1));
            }

            // Lines between lines of progress; a table that changes in its place has a column for them.
            var checkpoints = new CheckpointNews { Told = Progress.IsLive(AnsiConsole.Console) ? null : Console.Out.WriteLine };
            env.LoggerFactory = checkpoints;
            new FlightDelaysJob(options).Build(env);

            await using var client = env.Start("flight-delays");
            await using var cancellation = cancellationToken.Register(client.Cancel);
            await Progress.ShowAsync(client, checkpoints, AnsiConsole.Console);
            var result = await client.Completion;
            if (result.State == JobState.Canceled)
            {
                return Program.Fail(HowToGoOn(options, checkpoints), ExitCode.Cancelled);
            }

            if (result.FinishedBefore is { } before)
            {
                Console.Out.WriteLine(WasFinished(options, before));
                return ExitCode.Done;
            }

            Summary.Write(AnsiConsole.Console, options, result);
            return ExitCode.Done;
        }
        catch (JobFailedException error) when (error.InnerException is ConnectorException cause)
        {
            return Program.Fail(cause.Message, ExitCode.BadInput);
        }
        catch (ConnectorException error)
        {
            return Program.Fail(error.Message, ExitCode.BadInput);
        }
        catch (MillraceException error)
        {
            return Program.Fail(error.Message, ExitCode.Failed);
        }
    }

    private static string WasFinished(FlightDelaysOptions options, DateTimeOffset before)
    {
        string results = Directory.Exists(options.Output) ? $"are in {options.Output}" : $"are in the --output of then, which is not {options.Output}";
        return string.Create(
            CultureInfo.InvariantCulture, $"The job finished before, on {before:u}; its results {results}. To run it again, give --run-again, or another --checkpoint-dir.");
    }

    private static string HowToGoOn(FlightDelaysOptions options, CheckpointNews checkpoints)
    {
        if (options.CheckpointFolder is null)
        {
            return "Cancelled. Results are incomplete.";
        }

        return checkpoints.Latest is { } id
            ? $"Cancelled. Results are incomplete; start it again with the same arguments, and it goes on from checkpoint {id}."
            : "Cancelled before the first checkpoint was complete. Results are incomplete; another start begins anew.";
    }
}
