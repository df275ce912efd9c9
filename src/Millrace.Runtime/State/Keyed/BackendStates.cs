using Millrace.State.Backends;

namespace Millrace.Runtime.State.Keyed;

/// <summary>Those states of a snapshot that are the backend's: all but the values by key group, which are the operator's.</summary>
internal sealed class BackendStates(KeyedStateReader snapshot) : KeyedStateReader
{
    public override string Source => snapshot.Source;

    public override int MaxParallelism => snapshot.MaxParallelism;

    public override IReadOnlyList<StateHeader> States { get; } = [.. snapshot.States.Where(state => state.Kind != KeyedStateKind.GroupValue)];

    public override IEnumerable<StateChunk> ReadChunks(StateHeader state, KeyGroupRange range) => snapshot.ReadChunks(state, range);
}
