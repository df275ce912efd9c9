using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.State.Operator;

namespace Millrace.StateProcessing;

/// <summary>An operator of the savepoint that is being put together.</summary>
internal sealed class WrittenOperator(string uid, string name, int maxParallelism)
{
    public string Uid { get; set; } = uid;

    public string Name { get; set; } = name;

    public int MaxParallelism { get; } = maxParallelism;

    /// <summary>The operator as it was read; null where it is new.</summary>
    public OperatorManifest? Source { get; init; }

    /// <summary>States of the source that are left out, or written anew.</summary>
    public HashSet<string> Dropped { get; } = new(StringComparer.Ordinal);

    public List<WrittenState> Keyed { get; } = [];

    /// <summary>The lists, each to be dealt out to all subtasks.</summary>
    public List<OperatorStateSnapshot> Lists { get; } = [];

    public CoordinatorSnapshot? Coordinator { get; set; } = null;

    public int Parallelism => Source?.Parallelism ?? 1;
}
