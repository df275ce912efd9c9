namespace Millrace.Cluster.Tests.Processes;

/// <summary>Jobs of a cluster, steered from a worker that does not lead.</summary>
[Collection(nameof(Processes))]
public sealed class ControlTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-control-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_job_is_steered_from_any_worker_and_its_end_is_remembered()
    {
        await using var scene = new ClusterScene(Settings(), _folder);
        var workers = await scene.StartAllAsync("a", "b");
        var leader = await ClusterScene.LeaderAsync(workers);
        var other = workers[0] == leader ? workers[1] : workers[0];

        Assert.Equal($"orders Running term 1 parallelism 1 on {leader.Name} failure none", await other.AskAsync("status"));
        Assert.Equal(2, (await other.AskAsync("workers")).Split(' ').Count(worker => worker.EndsWith("/5", StringComparison.Ordinal)));
        Assert.Equal("checkpoint-1", await other.AskAsync("checkpoint"));
        Assert.Equal("folder/Canonical", await other.AskAsync("savepoint folder"));
        Assert.Equal("MillraceException MR3001: This folder is bad.", await other.AskAsync("savepoint bad"));
        Assert.StartsWith("KeyNotFoundException There is no job called 'nothing' in this cluster; it has 'orders'.", await other.AskAsync("unknown"), StringComparison.Ordinal);
        Assert.Equal("MillraceException MR6005: The job 'orders' has not ended, so it cannot be started again.", await other.AskAsync("start"));

        // What a rescale has asked for outlives the coordinator, and bounds of tasks do.
        Assert.Equal("done", await other.AskAsync("rescale 3"));
        Assert.Equal("done", await other.AskAsync("bounds sum 2 5"));
        int behind = other.Said;
        leader.Signal(WorkerProcess.SigKill);
        await other.SeeAsync("begins 2 parallelism 3 sum 2 to 5", behind);
        Assert.Equal($"orders Running term 2 parallelism 3 on {other.Name} failure none", await other.AskAsync("status"));

        // An end too, and a worker that comes later starts nothing.
        Assert.Equal("there/Canonical/True", await other.AskAsync("stop there"));
        var third = scene.Start("third");
        await third.SeeAsync("ready ");
        while (await third.AskAsync("status") is var status && status != "orders Failed term 2 parallelism 0 on nothing failure it was told to")
        {
            Assert.StartsWith("orders Running term 2 ", status, StringComparison.Ordinal);
        }

        Assert.StartsWith("MillraceException MR6005: The job 'orders' has ended (Failed)", await third.AskAsync("cancel"), StringComparison.Ordinal);
        behind = third.Said;
        other.Signal(WorkerProcess.SigKill);
        await third.SeeWorkersAsync(behind, third);
        Assert.Equal("orders Failed term 2 parallelism 0 on nothing failure it was told to", await third.AskAsync("status"));
        Assert.Equal("done", await third.AskAsync("start"));
        Assert.Equal("orders Running term 3 parallelism 3 on third failure none", await third.AskAsync("status"));
        Assert.Equal([1, 2, 3], scene.Terms.Select(term => term.Term));
    }

    [Fact]
    public async Task Workers_that_are_to_stop_with_their_last_job_do_and_say_by_their_exit_code_whether_it_failed()
    {
        await using var scene = new ClusterScene(Settings(), _folder);
        WorkerProcess[] workers = [scene.Start("a", more: "--StopWhenFinished=true"), scene.Start("b", more: "--StopWhenFinished=true")];
        foreach (var worker in workers)
        {
            await worker.SeeWorkersAsync(0, workers);
        }

        await ClusterScene.LeaderAsync(workers);
        await workers[0].AskAsync("stop there");
        foreach (var worker in workers)
        {
            Assert.Equal(1, (await worker.EndAsync()).ExitCode);
        }

        Assert.Single(scene.Terms);
    }

    private List<(string, string)> Settings()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no signals.");
        return [("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(_folder, "store")), ("Slots", "5")];
    }
}
