using System.Globalization;
using Millrace.Hosting;

namespace Millrace.ClusterTests;

/// <summary>Does what the lines of its input say, and answers each with a line.</summary>
/// <param name="cluster">The cluster.</param>
internal sealed class Commands(IMillraceCluster cluster)
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
        const string Job = "ORDERS";
        switch (words[0])
        {
            case "status":
                var status = await cluster.GetStatusAsync(Job).ConfigureAwait(false);
                return $"{status.Name} {status.State} term {status.Term} parallelism {status.Parallelism} on {status.Subtasks.FirstOrDefault()?.Worker ?? "nothing"} failure {status.LastFailure ?? "none"}";
            case "tasks":
                return string.Join(' ', (await cluster.GetStatusAsync(Job).ConfigureAwait(false)).Tasks.Select(task => FormattableString.Invariant($"{task.Parallelism}={task.RecordsInPerSecond:0}/{task.BusyTimeMsPerSecond:0}")));
            case "decisions":
                return string.Join(" | ", (await cluster.GetStatusAsync(Job).ConfigureAwait(false)).Decisions.Select(decision => decision.Text.ReplaceLineEndings(" ")));
            case "pressure":
                return Pressure.Seen;
            case "cancel":
                await cluster.CancelAsync(Job).ConfigureAwait(false);
                return "done";
            case "start":
                await cluster.StartAgainAsync(Job).ConfigureAwait(false);
                return "done";
            case "checkpoint":
                return await cluster.TriggerCheckpointAsync(Job).ConfigureAwait(false);
            case "savepoint":
                return await cluster.TriggerSavepointAsync(Job, words[1]).ConfigureAwait(false);
            case "stop":
                return await cluster.StopWithSavepointAsync(Job, words[1], drain: true).ConfigureAwait(false);
            case "rescale":
                await cluster.RescaleAsync(Job, int.Parse(words[1], CultureInfo.InvariantCulture)).ConfigureAwait(false);
                return "done";
            case "workers":
                return string.Join(' ', cluster.Workers.Select(worker => $"{worker.Name}={worker.Host}:{worker.Port}/{worker.Slots}"));
            case "unknown":
                await cluster.CancelAsync("nothing").ConfigureAwait(false);
                return "done";
            default:
                return "?";
        }
    }
}
