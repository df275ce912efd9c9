using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using Millrace;

namespace Samples.Terminal;

/// <summary>A sample as a program: reads its command line, runs its job, says how far it is, and turns its end into an exit code.</summary>
/// <param name="name">The program's name: what its lines on standard error begin with, and the name of its job.</param>
public sealed class SampleProgram(string name)
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    // A cancelled job closes its files first; the engine gives up on a stuck function after 30 s itself.
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(40);

    /// <summary>Reads the arguments and does what they say.</summary>
    /// <param name="command">The options, and what to do with them.</param>
    /// <param name="args">The arguments.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public async Task<int> InvokeAsync(RootCommand command, string[] args)
    {
        var parsed = command.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            return Fail(parsed.Errors[0].Message + " Try --help.", ExitCode.BadInput);
        }

        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeToEnd });
    }

    /// <summary>Runs a job to its end.</summary>
    /// <param name="job">The job.</param>
    /// <param name="parallelism">How many subtasks an operator has.</param>
    /// <param name="shown">The operator whose watermark is shown.</param>
    /// <param name="summarize">Says what came out, when the job has finished.</param>
    /// <param name="cancellationToken">Cancelled by Ctrl+C.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(IStreamJob job, int parallelism, string shown, Action<JobResult> summarize, CancellationToken cancellationToken)
    {
        try
        {
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism });
            job.Build(env);
            await using var client = env.Start(name);
            await using var cancellation = cancellationToken.Register(client.Cancel);
            while (await Task.WhenAny(client.Completion, Task.Delay(ProgressInterval, TimeProvider.System)) != client.Completion)
            {
                Console.Out.WriteLine(Progress(client.GetMetrics(), shown));
            }

            var result = await client.Completion;
            if (result.State == JobState.Canceled)
            {
                return Fail("Cancelled. Results are incomplete.", ExitCode.Cancelled);
            }

            summarize(result);
            return ExitCode.Done;
        }
        catch (JobFailedException error) when (error.InnerException is ConnectorException cause)
        {
            return Fail(cause.Message, ExitCode.Failed);
        }
        catch (MillraceException error)
        {
            return Fail(error.Message, ExitCode.Failed);
        }
    }

    private static string Progress(JobMetrics metrics, string shown)
    {
        string watermark = metrics[shown].Watermark switch
        {
            EventTime.MinWatermark => "-",
            EventTime.MaxWatermark => "end of input",
            var time => EventTime.ToDateTimeOffset(time).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{metrics.RecordsRead:N0} records, watermark {watermark}, {metrics[shown].LateRecords:N0} late");
    }

    /// <summary>Says in one line why the program ends.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="exitCode">The exit code.</param>
    /// <returns>The exit code.</returns>
    public int Fail(string reason, int exitCode)
    {
        Console.Error.WriteLine($"{name}: {reason.ReplaceLineEndings(" ")}");
        return exitCode;
    }
}
