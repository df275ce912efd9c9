using System.Globalization;
using Millrace.Hosting;

namespace Millrace.ClusterTests;

/// <summary>Does what the lines of its input say, and answers each with a line.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="session">What is said of programs.</param>
internal sealed class Commands(IMillraceCluster cluster, SessionCommands session)
{
    public void Read()
    {
        while (Console.In.ReadLine() is { } line)
        {
            _ = RunAsync(line.Split(' '));
        }
    }

    private async Task RunAsync(string[] words)
    {
        try
        {
            Output.Say($"reply {words[0]} {await AskAsync(words).ConfigureAwait(false)}");
        }
        catch (Exception error)
        {
            Output.Say($"reply {words[0]} {error.GetType().Name} {error.Message}");
        }
    }

    private async Task<string> AskAsync(string[] words)
    {
        // "second:status" asks of another job than the first.
        string[] command = words[0].Split(':');
        string job = command.Length > 1 ? command[0] : "ORDERS";
        switch (command[^1])
        {
            case "slots":
                var uses = (await cluster.GetSlotsAsync().ConfigureAwait(false)).SelectMany(worker => worker.InUse);
                return string.Join(' ', uses.GroupBy(use => use.Key).OrderBy(use => use.Key, StringComparer.Ordinal).Select(use => $"{use.Key}={use.Sum(slots => slots.Value)}"));
            case "status":
                var status = await cluster.GetStatusAsync(job).ConfigureAwait(false);
                return $"{status.Name} {status.State} term {status.Term} parallelism {status.Parallelism} on {status.Subtasks.FirstOrDefault()?.Worker ?? "nothing"} failure {status.LastFailure ?? "none"}";
            case "tasks":
                return string.Join(' ', (await cluster.GetStatusAsync(job).ConfigureAwait(false)).Tasks.Select(task => FormattableString.Invariant($"{task.Parallelism}={task.RecordsInPerSecond:0}/{task.BusyTimeMsPerSecond:0}")));
            case "decisions":
                return string.Join(" | ", (await cluster.GetStatusAsync(job).ConfigureAwait(false)).Decisions.Select(decision => decision.Text.ReplaceLineEndings(" ")));
            case "pressure":
                return Pressure.Seen;
            case "hold":
                Pressure.Hold();
                return "done";
            case "release":
                Pressure.Release();
                return "done";
            case "cancel":
                await cluster.CancelAsync(job).ConfigureAwait(false);
                return "done";
            case "start":
                await cluster.StartAgainAsync(job).ConfigureAwait(false);
                return "done";
            case "checkpoint":
                return await cluster.TriggerCheckpointAsync(job).ConfigureAwait(false);
            case "savepoint":
                return await cluster.TriggerSavepointAsync(job, words[1]).ConfigureAwait(false);
            case "stop":
                return await cluster.StopWithSavepointAsync(job, words[1], drain: true).ConfigureAwait(false);
            case "rescale":
                await cluster.RescaleAsync(job, int.Parse(words[1], CultureInfo.InvariantCulture)).ConfigureAwait(false);
                return "done";
            case "bounds":
                await cluster.SetParallelismBoundsAsync(
                    job, new Dictionary<string, ParallelismBounds> { [words[1]] = new(int.Parse(words[2], CultureInfo.InvariantCulture), int.Parse(words[3], CultureInfo.InvariantCulture)) }).ConfigureAwait(false);
                return "done";
            case "workers":
                return string.Join(' ', cluster.Workers.Select(worker => $"{worker.Name}={worker.Host}:{worker.Port}/{worker.Slots}"));
            case "unknown":
                await cluster.CancelAsync("nothing").ConfigureAwait(false);
                return "done";
            default:
                return await session.AskAsync(words).ConfigureAwait(false) ?? "?";
        }
    }
}
