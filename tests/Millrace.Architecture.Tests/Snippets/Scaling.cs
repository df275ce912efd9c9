using Microsoft.Extensions.Hosting;
using Millrace.Hosting;

namespace Millrace.Architecture.Tests.Snippets;

/// <summary>The code of docs/guides/scaling.md, compiled.</summary>
internal static class Scaling
{
    public static async Task ByHand(IMillraceCluster cluster)
    {
        await cluster.RescaleAsync("orders", 8);
    }

    public static void ByLoad(HostApplicationBuilder builder)
    {
        builder.AddMillrace().AddJob<Revenue>().UseCluster(cluster =>
        {
            cluster.UseRedis("redis:6379");
            cluster.Autoscaler.Enabled = true;
            cluster.Autoscaler.ScalingEnabled = false;
        });
    }

    public static void WorkersByLoad(HostApplicationBuilder builder)
    {
        builder.AddMillrace().AddJob<Revenue>().UseCluster(cluster =>
        {
            cluster.UseRedis("redis:6379");
            cluster.UseKubernetes();
            cluster.Autoscaler.Enabled = true;
            cluster.Autoscaler.Replicas.Enabled = true;
            cluster.Autoscaler.Replicas.Max = 10;
        });
    }

    public static void Bounds(DataStream<string> stations)
    {
        stations.Map(station => Enrich(station)).Uid("enrich").ParallelismBounds(2, 8);
    }

    public static async Task SetBounds(IMillraceCluster cluster)
    {
        await cluster.SetParallelismBoundsAsync("orders", new Dictionary<string, ParallelismBounds> { ["enrich"] = new(1, 4) });
    }

    public static async Task LookAtSlots(IMillraceCluster cluster)
    {
        foreach (var worker in await cluster.GetSlotsAsync())
        {
            Console.WriteLine($"{worker.Worker.Name}: {worker.Free} of {worker.Worker.Slots} free; {string.Join(", ", worker.InUse.Select(job => $"{job.Key} {job.Value}"))}");
        }
    }

    public static async Task Look(IMillraceCluster cluster)
    {
        var status = await cluster.GetStatusAsync("orders");
        foreach (var task in status.Tasks)
        {
            Console.WriteLine($"{task.Name}: {task.Parallelism} subtasks, {task.RecordsInPerSecond:N0} records/s, busy {task.BusyTimeMsPerSecond:N0} ms/s");
        }

        foreach (var decision in status.Decisions)
        {
            Console.WriteLine($"{decision.Time:t} {decision.Text}");
        }
    }

    private static string Enrich(string station) => station;

    private sealed class Revenue : IStreamJob
    {
        public void Build(StreamExecutionEnvironment env) => env.FromSequence(1, 1_000_000).Discard();
    }
}
