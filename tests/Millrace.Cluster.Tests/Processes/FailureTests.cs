using Millrace.Cluster.Membership;
using Millrace.Cluster.Tests.Membership;
using Millrace.Connectors.Tests;
using Millrace.Tests.Redis;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>Three workers that are killed, frozen and stopped. What takes how long is reported and not asserted: a machine may be busy.</summary>
[Collection(nameof(Processes))]
public sealed class FailureTests(Server postgres, RedisServer redis) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-cluster-").FullName;

    public static TheoryData<string> Kinds => TestStores.Kinds;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_killed_coordinator_is_replaced_by_one_elsewhere_with_a_greater_term(string kind)
    {
        await using var scene = await SceneAsync(kind);
        var workers = await scene.StartAllAsync("a", "b", "c");
        var leader = await ClusterScene.LeaderAsync(workers);
        var others = Except(workers, leader);
        int[] behind = Said(others);
        var killed = scene.Clock.Elapsed;
        leader.Signal(WorkerProcess.SigKill);

        var dead = await AllSeeAsync(others, behind, others);
        var next = await ClusterScene.LeaderAsync(others, behind);
        var begins = (await next.SeeAsync("begins 2 ")).At;
        ClusterScene.Report($"kill -9 of the coordinator's worker, {kind}", ("dead", dead - killed), ("next coordinator", begins - killed));
        Assert.Equal([(1, leader.Name), (2, next.Name)], scene.Terms);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_frozen_coordinator_is_replaced_and_ends_its_process_when_it_wakes(bool hasLocks)
    {
        await using var scene = await SceneAsync("Directory");
        var workers = await scene.StartAllAsync("a", "b", "c");
        var leader = await ClusterScene.LeaderAsync(workers);
        var others = Except(workers, leader);
        int[] behind = Said(others);

        // As if it were frozen in the middle of every write that there is: nobody lets go of these.
        var locks = hasLocks ? Directory.GetFiles(_folder, "*.lock", SearchOption.AllDirectories) : [];
        var held = await Task.WhenAll(locks.Select(path => FencedLock.TakeAsync(
            Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path), TimeProvider.System, TestContext.Current.CancellationToken)));
        var frozen = scene.Clock.Elapsed;
        leader.Signal(WorkerProcess.SigStop);

        var dead = await AllSeeAsync(others, behind, others);
        var next = await ClusterScene.LeaderAsync(others, behind);
        var begins = (await next.SeeAsync("begins 2 ")).At;
        var woken = scene.Clock.Elapsed;
        leader.Signal(WorkerProcess.SigCont);
        var (exitCode, ended) = await leader.EndAsync();
        ClusterScene.Report($"SIGSTOP of the coordinator's worker{(hasLocks ? ", which has the locks" : "")}", ("dead", dead - frozen), ("next coordinator", begins - frozen), ("zombie ends after SIGCONT", ended - woken));
        Assert.NotEqual(0, exitCode);
        Assert.True(!hasLocks || held.Length >= 2, $"{held.Length} locks");
        Assert.All(held, one =>
        {
            Assert.False(one.TryReplace(Path.Combine(_folder, "too-late"), "frozen"u8));
            one.Dispose();
        });
        Assert.Equal([(1, leader.Name), (2, next.Name)], scene.Terms);
    }

    [Fact]
    public async Task The_coordinator_stays_when_another_worker_dies_and_the_dead_one_can_come_back()
    {
        await using var scene = await SceneAsync("Directory");
        var workers = await scene.StartAllAsync("a", "b", "c");
        var leader = await ClusterScene.LeaderAsync(workers);
        var victim = Except(workers, leader)[0];
        for (int i = 0; i < 3; i++)
        {
            WorkerProcess[] others = [.. workers.Except([victim])];
            int[] behind = Said(others);
            victim.Signal(WorkerProcess.SigKill);
            await AllSeeAsync(others, behind, others);
            Assert.Contains(" term 1 ", await others[0].AskAsync("status"), StringComparison.Ordinal);

            behind = Said(others);
            victim = scene.Start(victim.Name);
            workers = [.. others, victim];
            await AllSeeAsync(others, behind, workers);
            await victim.SeeWorkersAsync(0, workers);
            Assert.Contains($" term 1 parallelism 1 on {leader.Name} ", await victim.AskAsync("status"), StringComparison.Ordinal);
        }

        Assert.Equal([(1, leader.Name)], scene.Terms);
    }

    [Fact]
    public async Task A_worker_that_is_stopped_hands_over_and_closes_its_data_plane_last()
    {
        await using var scene = await SceneAsync("Directory");
        var workers = await scene.StartAllAsync("a", "b", "c");
        var leader = await ClusterScene.LeaderAsync(workers);
        var others = Except(workers, leader);
        int[] behind = Said(others);
        var stopped = scene.Clock.Elapsed;
        leader.Signal(WorkerProcess.SigTerm);

        var next = await ClusterScene.LeaderAsync(others, behind);
        var begins = (await next.SeeAsync("begins 2 ")).At;
        var (exitCode, ended) = await leader.EndAsync();
        var left = await AllSeeAsync(others, behind, others);
        ClusterScene.Report("SIGTERM of the coordinator's worker", ("left", left - stopped), ("next coordinator", begins - stopped), ("process ended", ended - stopped));
        Assert.Equal(0, exitCode);
        Assert.Equal(["leaves 1", "closes", "stopped"], leader.Lines.Where(line => line is "leaves 1" or "closes" or "stopped"));
        Assert.Equal([(1, leader.Name), (2, next.Name)], scene.Terms);
    }

    [Theory]
    [InlineData("Directory", false)]
    [InlineData("Directory", true)]
    [InlineData("Redis", false)]
    [InlineData("Postgres", false)]
    public async Task When_all_are_killed_and_start_again_the_term_goes_on(string kind, bool elsewhere)
    {
        await using var scene = await SceneAsync(kind);
        var workers = await scene.StartAllAsync("a", "b", "c");
        foreach (var worker in workers)
        {
            worker.Signal(WorkerProcess.SigKill);
        }

        foreach (var worker in workers)
        {
            await worker.EndAsync();
        }

        var started = scene.Clock.Elapsed;
        WorkerProcess[] next = [.. workers.Select(worker => scene.Start(worker.Name, newPorts: elsewhere))];
        var leader = await ClusterScene.LeaderAsync(next);
        var begins = (await leader.SeeAsync("begins ")).At;
        var complete = await AllSeeAsync(next, [0, 0, 0], next);
        ClusterScene.Report($"start after the loss of all, {kind}, {(elsewhere ? "other" : "the same")} ports", ("coordinator", begins - started), ("all see all", complete - started));
        Assert.Equal(2, scene.Terms[1].Term);
        Assert.Equal(scene.Terms.Select(term => term.Term).Order().Distinct(), scene.Terms.Select(term => term.Term));
    }

    [Fact]
    public async Task A_worker_whose_engine_threads_are_all_busy_is_not_taken_for_dead()
    {
        await using var scene = await SceneAsync("Directory");
        WorkerProcess[] workers = [scene.Start("a", more: "--Spin=8"), scene.Start("b"), scene.Start("c")];
        await AllSeeAsync(workers, [0, 0, 0], workers);
        int[] behind = Said(workers);

        // The load has to last for some time, and nothing is to happen in it.
        await Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.All(workers, (worker, i) => Assert.DoesNotContain(worker.Lines.Skip(behind[i]), line => line.StartsWith("view ", StringComparison.Ordinal)));
        Assert.Single(scene.Terms);
    }

    private static WorkerProcess[] Except(WorkerProcess[] workers, WorkerProcess one) => [.. workers.Where(worker => worker != one)];

    private static int[] Said(WorkerProcess[] workers) => [.. workers.Select(worker => worker.Said)];

    private static async Task<TimeSpan> AllSeeAsync(WorkerProcess[] workers, int[] behind, WorkerProcess[] seen)
    {
        var times = await Task.WhenAll(workers.Select((worker, i) => worker.SeeWorkersAsync(behind[i], seen)));
        return times.Max();
    }

    private async Task<ClusterScene> SceneAsync(string kind)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no signals.");
        return new ClusterScene(await TestStores.SettingsAsync(kind, Path.Combine(_folder, "store"), postgres, redis), _folder);
    }
}

/// <summary>Tests that start workers: they run alone, because each measures times and has many threads.</summary>
[CollectionDefinition(nameof(Processes), DisableParallelization = true)]
public sealed class Processes;
