using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;

namespace Millrace.Runtime.Tests.Coordination;

/// <summary>Small jobs.</summary>
internal static class Topologies
{
    /// <summary>A source with two subtasks, and one subtask that reads from both: one region.</summary>
    public static JobTopology Joined { get; } = new([Source(2), Task(1, new JobTaskInput(0, PartitioningKind.Hash))]);

    /// <summary>A source and a sink with two subtasks each, forward: two regions.</summary>
    public static JobTopology TwoPipelines { get; } = Pipelines(2);

    public static JobTopology Empty { get; } = new([]);

    public static JobTopology Pipelines(int count) => new([Source(count), Task(count, new JobTaskInput(0, PartitioningKind.Forward))]);

    /// <summary>A source alone.</summary>
    public static JobTopology Alone(int parallelism = 1) => new([Source(parallelism)]);

    public static JobTask Source(int parallelism) => new(parallelism, true, []);

    public static JobTask Task(int parallelism, params JobTaskInput[] inputs) => new(parallelism, false, inputs);
}
