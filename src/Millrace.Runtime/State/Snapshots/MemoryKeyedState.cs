using Millrace.State.Backends;

namespace Millrace.Runtime.State.Snapshots;

/// <summary>A canonical snapshot in memory, for the operator harness and for tests. Written by one thread, then read by any.</summary>
internal sealed class MemoryKeyedState(int maxParallelism, string source = "memory") : KeyedStateReader
{
    private readonly List<State> _states = [];

    public override string Source => source;

    public override int MaxParallelism => maxParallelism;

    public override IReadOnlyList<StateHeader> States => [.. _states.Select(state => state.Header)];

    /// <summary>How many bytes all entries have.</summary>
    public long Size => _states.Sum(state => state.Chunks.Sum(chunk => (long)chunk.Entries.Length));

    /// <summary>Writes a frozen state and lets it go.</summary>
    public static MemoryKeyedState Of(FrozenKeyedState frozen, int maxParallelism, CancellationToken cancellationToken = default)
    {
        using (frozen)
        {
            var state = new MemoryKeyedState(maxParallelism);
            frozen.WriteCanonical(state.CreateWriter(), cancellationToken);
            return state;
        }
    }

    public KeyedStateWriter CreateWriter() => new Writer(this);

    public override IEnumerable<StateChunk> ReadChunks(StateHeader state, KeyGroupRange range) =>
        _states.Single(one => ReferenceEquals(one.Header, state)).Chunks.Where(chunk => range.Contains(chunk.Group));

    private sealed record State(StateHeader Header, List<StateChunk> Chunks);

    private sealed class Writer(MemoryKeyedState target) : KeyedStateWriter
    {
        // A copy: carried-over states of one name may share their header, and readers are asked by the instance.
        public override void BeginState(StateHeader header) => target._states.Add(new State(header with { }, []));

        public override void WriteChunk(int group, int count, ReadOnlySpan<byte> entries) =>
            target._states[^1].Chunks.Add(new StateChunk(group, count, entries.ToArray()));
    }
}
