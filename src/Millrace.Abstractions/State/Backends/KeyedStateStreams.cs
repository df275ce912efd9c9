using Millrace.Serialization;

namespace Millrace.State.Backends;

/// <summary>What is known of a state in a snapshot before its entries are read.</summary>
/// <param name="Name">The state's name.</param>
/// <param name="Kind">What the values are.</param>
/// <param name="Key">How keys were written.</param>
/// <param name="Namespace">How namespaces were written.</param>
/// <param name="Value">How values were written.</param>
public sealed record StateHeader(string Name, KeyedStateKind Kind, TypeSchema Key, TypeSchema Namespace, TypeSchema Value);

/// <summary>
/// A part of a key group's entries, in no particular order: key, namespace and value, one entry behind the other, as the state's serializers write them.
/// </summary>
/// <param name="Group">The key group.</param>
/// <param name="Count">How many entries.</param>
/// <param name="Entries">The entries; valid until the next part is asked for.</param>
public readonly record struct StateChunk(int Group, int Count, ReadOnlyMemory<byte> Entries);

/// <summary>Takes keyed state in the canonical format, which any backend can read, piece by piece: a snapshot is never whole in memory.</summary>
public abstract class KeyedStateWriter
{
    /// <summary>Begins a state. All that is written until the next call belongs to it.</summary>
    /// <param name="header">The state.</param>
    public abstract void BeginState(StateHeader header);

    /// <summary>Writes a part of a key group. Groups come in ascending order; a large group comes in several parts, of some hundred kilobytes each.</summary>
    /// <param name="group">The key group.</param>
    /// <param name="count">How many entries the part has.</param>
    /// <param name="entries">The entries.</param>
    public abstract void WriteChunk(int group, int count, ReadOnlySpan<byte> entries);
}

/// <summary>Gives keyed state in the canonical format, checked against its checksums.</summary>
public abstract class KeyedStateReader
{
    /// <summary>Where the state comes from; for messages.</summary>
    public abstract string Source { get; }

    /// <summary>How many key groups there were.</summary>
    public abstract int MaxParallelism { get; }

    /// <summary>
    /// The states that there are. A name can occur several times, with different schemas and different key groups: state that was restored and not yet
    /// asked for stays in the shape it was written in.
    /// </summary>
    public abstract IReadOnlyList<StateHeader> States { get; }

    /// <summary>Reads the entries of a state, group by group in ascending order.</summary>
    /// <param name="state">One of <see cref="States"/>, the instance itself.</param>
    /// <param name="range">Groups outside are passed over without reading them.</param>
    /// <returns>The parts.</returns>
    /// <exception cref="MillraceException">The bytes are damaged.</exception>
    public abstract IEnumerable<StateChunk> ReadChunks(StateHeader state, KeyGroupRange range);
}
