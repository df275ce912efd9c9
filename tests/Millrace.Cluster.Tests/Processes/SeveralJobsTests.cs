using System.Text.Json;
using Millrace.ClusterTests;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>Jobs that share the slots of real workers.</summary>
[Collection(nameof(Processes))]
public sealed class SeveralJobsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-cluster-several-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_reactive_job_makes_room_for_another_and_takes_the_slots_back_and_both_write_what_they_must()
    {
        const int Count = 4_500;
        const int SecondCount = 2_400;
        await using var scene = new ClusterScene(
            [
                ("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(_folder, "members")), ("Slots", "1"), ("Scheduling:Mode", "Reactive"),
                ("Scheduling:ResourceStabilizationTimeout", "00:00:01"), ("Scheduling:ScalingCooldown", "00:00:00.5"), ("Scheduling:RescaleStabilizationTimeout", "00:00:00.5"),
            ],
            _folder,
            [
                $"--Trades={Path.Combine(_folder, "results")}", $"--Count={Count}", "--Rate=400", $"--Second={SecondCount}",
                $"--Millrace:Checkpoints:Directory={Path.Combine(_folder, "checkpoints")}", "--Millrace:Checkpoints:Interval=00:00:00.5",
            ]);
        WorkerProcess[] workers = [scene.Start("a"), scene.Start("b"), scene.Start("c")];
        var ask = workers[0];

        // The second job takes two slots, and neither more nor less.
        await UntilAsync(async () => await SlotsAsync() == "orders=1 second=2");
        Assert.Equal("done", await ask.AskAsync("second:cancel"));
        await UntilAsync(async () => await SlotsAsync() == "orders=3");

        Assert.Equal("done", await ask.AskAsync("second:start"));
        await UntilAsync(async () => await SlotsAsync() == "orders=1 second=2");
        Assert.Contains("since another job needs slots", await ask.AskAsync("decisions"), StringComparison.Ordinal);
        await UntilAsync(async () => (await StatusAsync("second")).StartsWith("second Finished ", StringComparison.Ordinal));
        await UntilAsync(async () => await SlotsAsync() == "orders=3" || (await StatusAsync("orders")).StartsWith("orders Finished ", StringComparison.Ordinal));
        await UntilAsync(async () => (await StatusAsync("orders")).StartsWith("orders Finished ", StringComparison.Ordinal));
        Assert.EndsWith(" failure none", await StatusAsync("orders"), StringComparison.Ordinal);

        new TradesResults(Path.Combine(_folder, "results")).MustBeComplete(Count);
        Assert.Equal(
            Labour.Expect(SecondCount).Order(Trades.Comparer),
            Directory.EnumerateFiles(Path.Combine(_folder, "results", "labour"), "part-*.jsonl").SelectMany(File.ReadLines).Select(line => JsonSerializer.Deserialize<Line>(line, JsonSerializerOptions.Web)!).Order(Trades.Comparer));

        Task<string> StatusAsync(string job) => ask.AskAsync($"{job}:status");

        Task<string> SlotsAsync() => ask.AskAsync("slots");

        Task UntilAsync(Func<Task<bool>> holds) => Eventually.HoldsAsync(holds, scene.Describe);
    }
}
