using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Coordination.Scheduling;

/// <summary>Workers and demands in short.</summary>
internal static class Cluster
{
    /// <summary>A worker; its id is its name and a number, as after a restart.</summary>
    public static WorkerInfo Worker(string name, int slots, int start = 1) => new($"{name}-{start}", name, "10.0.0.1", 6000, slots);

    /// <summary>Workers <c>a</c>, <c>b</c>, … with so many slots each.</summary>
    public static IReadOnlyList<WorkerInfo> Workers(params int[] slots) => [.. slots.Select((count, index) => Worker(((char)('a' + index)).ToString(), count))];

    /// <summary>Tasks in the default group.</summary>
    public static SlotDemand Demand(params int[] parallelism) => new([.. parallelism.Select(count => new SlotVertex("default", count))]);

    public static Dictionary<SubtaskId, string> Names(IReadOnlyDictionary<SubtaskId, WorkerInfo> placement) => placement.ToDictionary(placed => placed.Key, placed => placed.Value.Name);

    public static Dictionary<SubtaskId, string> Ids(IReadOnlyDictionary<SubtaskId, WorkerInfo> placement) => placement.ToDictionary(placed => placed.Key, placed => placed.Value.Id);
}
