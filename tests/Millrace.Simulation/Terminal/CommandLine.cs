using System.CommandLine;
using System.CommandLine.Help;
using Millrace.Simulation.Engine;
using Millrace.Simulation.Jobs;

namespace Millrace.Simulation.Terminal;

/// <summary>The program's options, as System.CommandLine reads and explains them.</summary>
internal static class CommandLine
{
    /// <summary>The exit code where every world went as it must.</summary>
    public const int Good = 0;

    /// <summary>The exit code where one did not.</summary>
    public const int Failed = 1;

    /// <summary>The exit code where the options are wrong.</summary>
    public const int BadInput = 2;

    /// <summary>The exit code after Ctrl+C; the number is what shells use for it.</summary>
    public const int Cancelled = 130;

    /// <summary>Runs the program.</summary>
    public static int Run(string[] args)
    {
        var seed = new Option<ulong?>("--seed") { Description = "Runs the world of one seed, and writes everything that happens in it.", HelpName = "N" };
        var seeds = new Option<int?>("--seeds") { Description = "Runs the worlds of so many seeds, and writes a line for each that fails, and a summary.", HelpName = "COUNT" };
        var from = new Option<ulong>("--from") { Description = "The first seed of a range. Default: 0.", HelpName = "N" };
        var threads = new Option<int>("--threads")
        {
            Description = "How many worlds of a range run at once; each is on one thread. Default: 1.",
            HelpName = "NUMBER",
            DefaultValueFactory = static _ => 1,
        };
        var repertoire = new Option<Repertoire>("--repertoire")
        {
            Description = "What jobs are made of: First for a seed that a test names from the time when there was less. Default: All.",
            DefaultValueFactory = static _ => Repertoire.All,
        };
        var cluster = new Option<bool>("--cluster") { Description = "Coordinator and workers know each other by connections alone, as on a cluster." };
        seeds.Validators.Add(result => Refuse(result, static count => count < 1, "--seeds must be at least 1."));
        threads.Validators.Add(result => Refuse(result, static count => count < 1, "--threads must be at least 1."));
        var command = new RootCommand(
            "Runs jobs with everything around them (coordinator, workers, network, storage, source and sink systems) on one thread in virtual time, has a seed decide what goes wrong, "
            + "and compares what comes out with what must. A seed that fails does so again whenever it is run.")
        { seed, seeds, from, threads, repertoire, cluster };
        command.Validators.Add(result =>
        {
            if (result.GetResult(seed) is null == result.GetResult(seeds) is null)
            {
                result.AddError("Say either --seed N or --seeds COUNT.");
            }
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            ISimulatedEngine engine = parsed.GetValue(cluster) ? new ClusterEngine() : new SimulatedEngine();
            return Task.FromResult(parsed.GetValue(seed) is { } one
                ? SeedRuns.Replay(one, parsed.GetValue(repertoire), engine, Console.Out)
                : SeedRuns.RunRange(parsed.GetValue(from), parsed.GetValue(seeds)!.Value, parsed.GetValue(threads), parsed.GetValue(repertoire), engine, Console.Out, Console.Error, cancellationToken));
        });

        var result = command.Parse(args);
        if (result.Errors.Count > 0 && result.Action is not HelpAction)
        {
            Console.Error.WriteLine(result.Errors[0].Message + " Try --help.");
            return BadInput;
        }

        return result.Invoke();
    }

    private static void Refuse(System.CommandLine.Parsing.OptionResult result, Func<int, bool> isWrong, string message)
    {
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int value) && isWrong(value))
        {
            result.AddError(message);
        }
    }
}
