using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Checkpointing;
using Millrace.Cluster.Coordination;
using Millrace.Cluster.Session;
using Millrace.Hosting;

namespace Millrace.ClusterTests;

/// <summary>The commands about programs and jobs that are submitted.</summary>
/// <param name="services">The worker's services.</param>
internal sealed class SessionCommands(IServiceProvider services)
{
    private const string Job = "orders";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly IMillraceSession _session = services.GetRequiredService<IMillraceSession>();
    private readonly IMillraceCluster _cluster = services.GetRequiredService<IMillraceCluster>();

    /// <summary>Does what is said; null where that is nothing of it.</summary>
    public async Task<string?> AskAsync(string[] words)
    {
        switch (words[0])
        {
            case "upload":
                return (await _session.UploadFolderAsync(words[1]).ConfigureAwait(false)).Id;
            case "programs":
                return string.Join(' ', (await _session.ListProgramsAsync().ConfigureAwait(false)).Select(program => program.Id));
            case "delete-program":
                await _session.DeleteProgramAsync(words[1]).ConfigureAwait(false);
                return "done";
            case "submit":
                // Its program, class, savepoint or '-', and arguments.
                return (await SubmitAsync(words[1], words[2], words[3] == "-" ? null : words[3], words[4..]).ConfigureAwait(false)).Name;
            case "jobs":
                return string.Join(' ', _cluster.Jobs);
            case "contexts":
                return Collect().ToString(CultureInfo.InvariantCulture);
            case "suspend":
                return await _cluster.StopWithSavepointAsync(Job, words[1]).ConfigureAwait(false);
            case "ask-unknown":
                return await AskUnknownAsync(int.Parse(words[1], CultureInfo.InvariantCulture)).ConfigureAwait(false);
            case "cycles":
                return await CycleAsync(int.Parse(words[1], CultureInfo.InvariantCulture), words[2], words[3], words[4]).ConfigureAwait(false);
            default:
                return null;
        }
    }

    /// <summary>Asks the coordinators of jobs that there are not, as happens when a job is deleted between two looks, or whose records cannot be read. They are to be on any worker.</summary>
    /// <returns>What they answer, without the names of the jobs, and how often.</returns>
    private async Task<string> AskUnknownAsync(int count)
    {
        var grains = services.GetRequiredService<IGrainFactory>();
        List<string> answers = [];
        for (int i = 0; i < count; i++)
        {
            string job = $"unknown{i}";
            try
            {
                answers.Add((await grains.GetGrain<IJobGrain>(job).GetStatusAsync().ConfigureAwait(false)).ToString());
            }
            catch (Exception error)
            {
                answers.Add($"{error.GetType().Name} {error.Message.Replace(job, "?", StringComparison.Ordinal)}");
            }
        }

        return string.Join(' ', answers.CountBy(static answer => answer).Select(static entry => $"{entry.Value} x {entry.Key}"));
    }

    private Task<SubmittedJob> SubmitAsync(string program, string type, string? savepoint, IReadOnlyList<string> arguments)
    {
        var submission = new JobSubmission { Name = Job, EntryType = type, RestoreFrom = savepoint is null ? null : new RestoreOptions(savepoint) };
        foreach (string argument in arguments)
        {
            submission.Arguments.Add(argument);
        }

        return _session.SubmitAsync(program, submission);
    }

    /// <summary>Submits a job and cancels it when it runs, again and again. Says what the process held in the middle and at the end.</summary>
    private async Task<string> CycleAsync(int cycles, string program, string type, string folder)
    {
        string half = "";
        var clock = Stopwatch.StartNew();
        for (int cycle = 1; cycle <= cycles; cycle++)
        {
            string results = Path.Combine(folder, cycle.ToString(CultureInfo.InvariantCulture));
            await SubmitAsync(program, type, null, [results]).ConfigureAwait(false);
            await UntilAsync(JobState.Running).ConfigureAwait(false);
            await _cluster.CancelAsync(Job).ConfigureAwait(false);
            await UntilAsync(JobState.Canceled).ConfigureAwait(false);
            if (Directory.Exists(results))
            {
                Directory.Delete(results, recursive: true);
            }

            if (cycle == cycles / 2)
            {
                half = Measure(clock.Elapsed / cycle);
            }
        }

        return $"{half} {Measure(clock.Elapsed / cycles)}";
    }

    private async Task UntilAsync(JobState state)
    {
        long since = TimeProvider.System.GetTimestamp();
        for (; ; )
        {
            if (await FindAsync().ConfigureAwait(false) is not { } status)
            {
                // Where jobs that have ended are not kept, it may be forgotten already.
                if (state != JobState.Canceled)
                {
                    throw new InvalidOperationException("The job is not known.");
                }

                return;
            }

            if (status.State == state && (state != JobState.Running || status.Subtasks.All(subtask => subtask.State == nameof(JobState.Running))))
            {
                return;
            }

            if (status.State == JobState.Failed || TimeProvider.System.GetElapsedTime(since) > Patience)
            {
                throw new InvalidOperationException($"The job is {status.State} and not {state}: {status.LastFailure} {status.Waiting}");
            }

            await Task.Delay(Pause, TimeProvider.System).ConfigureAwait(false);
        }
    }

    private async Task<ClusterJobStatus?> FindAsync()
    {
        try
        {
            return await _cluster.GetStatusAsync(Job).ConfigureAwait(false);
        }
        catch (Exception error) when (error is KeyNotFoundException or MillraceException { Code: "MR6005" })
        {
            return null;
        }
    }

    private string Measure(TimeSpan each)
    {
        int contexts = Collect();
        using var process = Process.GetCurrentProcess();
        int handles = Directory.Exists("/proc/self/fd") ? Directory.GetFileSystemEntries("/proc/self/fd").Length : 0;
        return FormattableString.Invariant($"contexts={contexts} heap={GC.GetTotalMemory(forceFullCollection: true)} threads={process.Threads.Count} handles={handles} memory={process.WorkingSet64} ms={each.TotalMilliseconds:0}");
    }

    /// <summary>Contexts of programs that are still there after the collector has done what it can.</summary>
    private int Collect()
    {
        // An unloaded context goes in several steps, and each needs a collection.
        for (int i = 0; i < 10; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return services.GetRequiredService<ProgramCache>().Contexts;
    }
}
