using System.Globalization;
using System.Text.Json;
using Millrace.ClusterTests;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>Jobs whose tasks get as many subtasks as their load needs, on real workers. What a record takes is fixed, so that what is right does not depend on the machine.</summary>
[Collection(nameof(Processes))]
public sealed class AutoscalerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-cluster-autoscaler-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_task_that_has_too_much_to_do_gets_more_subtasks_and_keeps_them_under_another_coordinator()
    {
        // 200 records of 10 ms in a second: two subtasks have nothing left to bear, and three are busy for 7/10 of their time.
        const int Count = 4_400;
        await using var scene = Scene(Count, rate: 200, parallelism: 1);
        List<WorkerProcess> workers = [scene.Start("a"), scene.Start("b")];
        await UntilAsync(workers, async () => SubtasksOf(await workers[0].AskAsync("tasks")) >= 3);
        string decisions = await workers[0].AskAsync("decisions");
        Assert.Contains("The job is rescaled: ", decisions, StringComparison.Ordinal);
        Assert.Contains("It took in ", decisions, StringComparison.Ordinal);

        var leader = workers.MaxBy(worker => worker.LastNumberInLog("is led from here, with term "))!;
        leader.Signal(WorkerProcess.SigKill);
        await leader.EndAsync();
        workers.Remove(leader);
        workers.Add(scene.Start(leader.Name));
        await UntilAsync(workers, async () => SubtasksOf(await workers[0].AskAsync("tasks")) >= 3);
        Assert.DoesNotContain("The job is rescaled: ", await workers[0].AskAsync("decisions"), StringComparison.Ordinal);
        await FinishAsync(workers, Count);
    }

    [Fact]
    public async Task A_task_that_has_little_to_do_gives_subtasks_back()
    {
        const int Count = 800;
        await using var scene = Scene(Count, rate: 40, parallelism: 4);
        List<WorkerProcess> workers = [scene.Start("a"), scene.Start("b")];
        await UntilAsync(workers, async () => SubtasksOf(await workers[0].AskAsync("tasks")) == 1);
        await FinishAsync(workers, Count);
    }

    // "1=150/20 3=150/700 3=150/5": the source, the task that takes its time, and the sink.
    private static int SubtasksOf(string tasks) => tasks.Split(' ') is [_, var labour, _] ? int.Parse(labour.Split('=')[0], CultureInfo.InvariantCulture) : 0;

    private ClusterScene Scene(long count, double rate, int parallelism) => new(
        [
            ("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(_folder, "members")), ("Slots", "4"), ("Scheduling:ScalingCooldown", "00:00:00.5"), ("Autoscaler:Enabled", "true"),
            ("Autoscaler:SampleInterval", "00:00:01"), ("Autoscaler:MetricsWindow", "00:00:03"), ("Autoscaler:StabilizationInterval", "00:00:01"), ("Autoscaler:CatchUpDuration", "00:00:00"),
            ("Autoscaler:ScaleDownInterval", "00:00:00"),
        ],
        _folder,
        [
            $"--Trades={Path.Combine(_folder, "results")}", "--Labour=10", $"--Count={count}", FormattableString.Invariant($"--Rate={rate}"), $"--Millrace:Parallelism={parallelism}",
            $"--Millrace:Checkpoints:Directory={Path.Combine(_folder, "checkpoints")}", "--Millrace:Checkpoints:Interval=00:00:00.5",
        ]);

    private async Task FinishAsync(List<WorkerProcess> workers, int count)
    {
        await UntilAsync(workers, async () => (await workers[0].AskAsync("status")).Contains(" Finished ", StringComparison.Ordinal));
        Assert.Equal(
            Labour.Expect(count).Order(Trades.Comparer),
            Directory.EnumerateFiles(Path.Combine(_folder, "results", "labour"), "part-*.jsonl").SelectMany(File.ReadLines).Select(line => JsonSerializer.Deserialize<Line>(line, JsonSerializerOptions.Web)!).Order(Trades.Comparer));
    }

    private static Task UntilAsync(List<WorkerProcess> workers, Func<Task<bool>> holds) => Eventually.HoldsAsync(holds, () => string.Concat(workers.Select(worker => worker.Describe())));
}
