using System.Globalization;

namespace Millrace.Cluster.Tests.Processes;

/// <summary>A consumer on one worker that stands still stops its source on another, and nobody else.</summary>
[Collection(nameof(Processes))]
public sealed class BackpressureTests : IDisposable
{
    private const int NeighboursRate = 400_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-cluster-pressure-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_slow_consumer_stops_its_source_on_another_worker_while_neighbours_on_the_same_connection_go_on()
    {
        await using var scene = new ClusterScene(
            [("Membership:Kind", "Directory"), ("Membership:Directory", Path.Combine(_folder, "members")), ("Slots", "1")],
            _folder,
            "--Pressure=true",
            $"--Rate={NeighboursRate}",
            "--Millrace:Parallelism=1",
            $"--Millrace:Checkpoints:Directory={Path.Combine(_folder, "checkpoints")}",
            "--Millrace:Checkpoints:Interval=00:00:30");
        WorkerProcess[] workers = [scene.Start("a"), scene.Start("b")];

        // Sources in the one, consumers in the other: two slots, and each worker has one.
        var flowing = await UntilAsync(scene, workers, seen => seen.Sum(worker => worker.Consumed) > 100_000 && seen.Sum(worker => worker.NeighboursConsumed) > 100_000);
        Assert.Single(flowing, worker => worker is { Made: > 0, NeighboursMade: > 0, Consumed: 0, NeighboursConsumed: 0 });
        Assert.Single(flowing, worker => worker is { Made: 0, NeighboursMade: 0, Consumed: > 0, NeighboursConsumed: > 0 });

        await AskAllAsync(workers, "hold");
        // From some moment on the source makes nothing, however much the neighbour carries meanwhile.
        Seen[] still = [];
        var later = await UntilAsync(scene, workers, seen =>
        {
            if (still.Length == 0 || Made(seen) != Made(still) || seen.Sum(worker => worker.Consumed) != still.Sum(worker => worker.Consumed))
            {
                still = seen;
            }

            return seen.Sum(worker => worker.NeighboursConsumed) > still.Sum(worker => worker.NeighboursConsumed) + (3 * NeighboursRate);
        });

        // What is on its way is what fits into the credits of the stream and its buffers, whatever the source could have made meanwhile.
        long onItsWay = later.Sum(worker => worker.Made - worker.Consumed);
        ClusterScene.Report($"{onItsWay} records are held on their way; alive {string.Join(" and ", later.Select(worker => worker.Alive))} bytes, before {string.Join(" and ", flowing.Select(worker => worker.Alive))}");
        Assert.InRange(onItsWay, 1, 50_000);
        Assert.All(later.Zip(flowing), pair => Assert.InRange(pair.First.Alive - pair.Second.Alive, long.MinValue, 16 << 20));

        await AskAllAsync(workers, "release");
        await UntilAsync(scene, workers, seen => seen.Sum(worker => worker.Consumed) > later.Sum(worker => worker.Made) + 100_000);
        await workers[0].AskAsync("stop end");
        await UntilAsync(scene, async () => (await workers[0].AskAsync("status")).Contains(" Finished ", StringComparison.Ordinal));
        var all = await LookAsync(workers);
        Assert.Equal(all.Sum(worker => worker.Made), all.Sum(worker => worker.Consumed));
        Assert.Equal(all.Sum(worker => worker.NeighboursMade), all.Sum(worker => worker.NeighboursConsumed));
    }

    private static long Made(Seen[] seen) => seen.Sum(worker => worker.Made);

    private static async Task<Seen[]> UntilAsync(ClusterScene scene, WorkerProcess[] workers, Func<Seen[], bool> holds)
    {
        Seen[] seen = [];
        await UntilAsync(scene, async () => holds(seen = await LookAsync(workers)));
        return seen;
    }

    private static Task UntilAsync(ClusterScene scene, Func<Task<bool>> holds) => Eventually.HoldsAsync(holds, scene.Describe);

    private static async Task AskAllAsync(WorkerProcess[] workers, string command)
    {
        foreach (var worker in workers)
        {
            Assert.Equal("done", await worker.AskAsync(command));
        }
    }

    private static async Task<Seen[]> LookAsync(WorkerProcess[] workers)
    {
        List<Seen> seen = [];
        foreach (var worker in workers)
        {
            long[] numbers = [.. (await worker.AskAsync("pressure")).Split(' ').Select(number => long.Parse(number, CultureInfo.InvariantCulture))];
            seen.Add(new Seen(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]));
        }

        return [.. seen];
    }

    private sealed record Seen(long Made, long Consumed, long NeighboursMade, long NeighboursConsumed, long Alive);
}
