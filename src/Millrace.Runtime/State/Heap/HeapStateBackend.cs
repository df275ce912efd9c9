using Millrace.State.Backends;

namespace Millrace.Runtime.State.Heap;

/// <summary>Keyed state in the memory of the process: what jobs use that name no other.</summary>
internal sealed class HeapStateBackend : StateBackend
{
    public const string BackendName = "heap";

    public static readonly HeapStateBackend Instance = new();

    public override string Name => BackendName;

    public override KeyedStateBackend<TKey> CreateKeyedState<TKey>(KeyedStateContext<TKey> context) =>
        new HeapKeyedStateBackend<TKey>(context.KeyGroups, context.MaxParallelism, context.KeySerializer, context.KeyHasher);
}
