using System.Globalization;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>A program that workers do not know is given to one of them, and runs on all.</summary>
[Collection(nameof(Processes))]
public sealed class SessionTests : IDisposable
{
    private const string Trades = "Millrace.ClusterTests.Submitted.TradesJob";
    private const string Pinning = "Millrace.ClusterTests.Submitted.PinningJob";

    // An answer comes within a minute or two.
    private const int CyclesPerQuestion = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-session-").FullName;

    private static string Program => Path.Combine(AppContext.BaseDirectory, "program");

    private string Folder => Path.Combine(_folder, "results");

    private TradesResults Results => new(Folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_job_that_is_submitted_to_one_worker_survives_its_coordinator_and_goes_on_as_another_version()
    {
        const int Count = 60_000;
        await using var scene = Scene();
        List<WorkerProcess> workers = [scene.Start("a"), scene.Start("b"), scene.Start("c")];
        foreach (var worker in workers)
        {
            await worker.SeeWorkersAsync(0, [.. workers]);
        }

        string first = await workers[0].AskAsync($"upload {Program}");
        Assert.Equal(first, await workers[1].AskAsync($"upload {Program}"));
        Assert.Equal("orders", await workers[0].AskAsync($"submit {first} {Trades} - {Folder} {Count} 6000"));

        // The others know it, also that its name is taken, and its program in use.
        await NewResultsAsync(workers, 0);
        Assert.Contains("MR6025", await workers[1].AskAsync($"submit {first} {Trades} - {Folder} {Count} 6000"), StringComparison.Ordinal);
        Assert.Contains("MR6024", await workers[2].AskAsync($"delete-program {first}"), StringComparison.Ordinal);
        Assert.Contains(" Running ", await workers[2].AskAsync("status"), StringComparison.Ordinal);
        Assert.All(workers, worker => Assert.Contains(worker.Log, line => line.Contains($"Program {first} is loaded", StringComparison.Ordinal)));

        // Its coordinator's worker dies; one that has never heard of it takes part.
        var leader = workers.MaxBy(worker => worker.LastNumberInLog("is led from here, with term "))!;
        int written = Results.Committed;
        leader.Signal(WorkerProcess.SigKill);
        await leader.EndAsync();
        workers.Remove(leader);
        workers.Add(scene.Start("d"));
        await NewResultsAsync(workers, written);

        // Another version, of other content, goes on from its savepoint.
        string savepoint = await workers[0].AskAsync("suspend savepoints/one");
        Assert.EndsWith("savepoints/one", savepoint, StringComparison.Ordinal);
        await EndedAsync(workers[1], "Finished");
        string other = Path.Combine(_folder, "other");
        Copy(Program, other);
        await File.WriteAllTextAsync(Path.Combine(other, "version.txt"), "2", TestContext.Current.CancellationToken);
        string second = await workers[1].AskAsync($"upload {other}");
        Assert.NotEqual(first, second);
        Assert.Equal("orders", await workers[1].AskAsync($"submit {second} {Trades} {savepoint} {Folder} {Count} 30000"));
        Assert.Equal("done", await workers[0].AskAsync($"delete-program {first}"));
        await EndedAsync(workers[0], "Finished");
        Results.MustBeComplete(Count);
        Assert.All(workers, worker => Assert.DoesNotContain(worker.Log, line => line.Contains("Unhandled", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Jobs_that_come_and_go_leave_nothing_behind_in_a_worker()
    {
        int cycles = int.TryParse(Environment.GetEnvironmentVariable("MILLRACE_SESSION_CYCLES"), out int asked) ? asked : 16;
        await using var scene = Scene(("Slots", "2"), ("Session:UnloadDelay", "0s"), ("Session:JobRetention", "0s"));
        var worker = scene.Start("a");
        var other = scene.Start("b");
        await worker.SeeWorkersAsync(0, worker, other);
        await other.SeeWorkersAsync(0, worker, other);
        string program = await worker.AskAsync($"upload {Program}");

        // What is made once, whatever is done: code of the engine, threads, pools.
        // The job takes the slots of both workers, so the other one loads its program too.
        string warm = await worker.AskAsync($"cycles 4 {program} {Pinning} {Folder}");
        List<string> replies = [];
        for (int left = cycles; left > 0; left -= CyclesPerQuestion)
        {
            replies.Add(await worker.AskAsync($"cycles {Math.Min(left, CyclesPerQuestion)} {program} {Pinning} {Folder}"));
        }

        string reply = string.Join(' ', replies);
        TestContext.Current.TestOutputHelper!.WriteLine($"after 4: {warm}\nthen {cycles} in parts of {CyclesPerQuestion}, at half of each and its end: {string.Join('\n', replies)}");
        var figures = reply.Split(' ').Select(word => word.Split('=')).ToLookup(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture));

        // The last may be about to go: a timer or a thread has it for a moment.
        Assert.InRange(figures["contexts"].Last(), 0, 3);
        await Eventually.HoldsAsync(async () => int.Parse(await other.AskAsync("contexts"), CultureInfo.InvariantCulture) <= 3, () => $"The other worker should have unloaded programs.\n{other.Describe()}");
        Assert.True(other.Log.Count(line => line.Contains("is loaded (", StringComparison.Ordinal)) >= cycles, "The other worker has not run all of them.");
        long grown = figures["heap"].Last() - figures["heap"].First();
        Assert.True(grown < 1_000_000 + (4_000 * cycles), $"The heap has grown by {grown} bytes in {cycles} cycles: {reply}");
        Assert.InRange(figures["threads"].Last(), 0, figures["threads"].First() + 4);
        Assert.InRange(figures["handles"].Last(), 0, figures["handles"].First() + 10);

        // On the disk neither.
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder, "local"), "*.dll", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_keeps_a_coordinator_from_starting_is_heard_on_whatever_worker()
    {
        const int Jobs = 40;
        await using var scene = Scene();
        var worker = scene.Start("a");
        var other = scene.Start("b");
        await worker.SeeWorkersAsync(0, worker, other);
        await other.SeeWorkersAsync(0, worker, other);

        // Of jobs that have been deleted. That their coordinators are all on one worker is as likely as a coin that falls on the same side 40 times.
        Assert.Equal($"{Jobs} x MillraceException MR6005: There is no job called '?' in this cluster; it has none at all: add one with AddMillrace().AddJob, or submit one.", await worker.AskAsync($"ask-unknown {Jobs}"));

        // Of jobs whose records cannot be read: a folder is no file.
        string records = Directory.EnumerateDirectories(Path.Combine(_folder, "members"), "jobs", SearchOption.AllDirectories).Single();
        for (int i = 0; i < Jobs; i++)
        {
            Directory.CreateDirectory(Path.Combine(records, $"unknown{i}.job"));
        }

        Assert.Equal($"{Jobs} x MillraceException MR6004: The coordinator of the job '?' could not start: Access to the path '{records}/?.job' is denied.", await worker.AskAsync($"ask-unknown {Jobs}"));
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static Task EndedAsync(WorkerProcess worker, string state) => Eventually.HoldsAsync(
        async () => (await worker.AskAsync("status")).Contains($" {state} ", StringComparison.Ordinal), () => $"The job should be {state}.\n{worker.Describe()}");

    private Task NewResultsAsync(IEnumerable<WorkerProcess> workers, int behind) => Eventually.HoldsAsync(
        () => Results.Committed > behind, () => $"There should have been more than {behind} files of results.\n{string.Concat(workers.Select(worker => worker.Describe()))}");

    private ClusterScene Scene(params (string Key, string Value)[] more) => new(
        [
            ("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(_folder, "members")), ("Slots", "2"), ("Session:Enabled", "true"), ("Session:Directory", Path.Combine(_folder, "programs")),
            ("Session:LocalDirectory", Path.Combine(_folder, "local")), .. more,
        ],
        _folder,
        ["--Session=true", "--Millrace:Parallelism=4", $"--Millrace:Checkpoints:Directory={Path.Combine(_folder, "checkpoints")}", "--Millrace:Checkpoints:Interval=00:00:00.5"]);
}
