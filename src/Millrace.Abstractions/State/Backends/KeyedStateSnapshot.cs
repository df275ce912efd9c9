using Millrace.Serialization;

namespace Millrace.State.Backends;

/// <summary>What kind of state a <see cref="StateSnapshot"/> holds. The numbers are part of the snapshot format.</summary>
public enum KeyedStateKind
{
    /// <summary>One value per key and namespace.</summary>
    Value = 1,

    /// <summary>A list per key and namespace.</summary>
    List = 2,

    /// <summary>A map per key and namespace.</summary>
    Map = 3,

    /// <summary>Timers.</summary>
    Timer = 4,

    /// <summary>One value per key group, of an operator's own; backends do not keep it.</summary>
    GroupValue = 5,
}

/// <summary>The keyed state of one subtask in the canonical format, which every backend writes and reads.</summary>
/// <param name="MaxParallelism">How many key groups the operator's keys are divided into.</param>
/// <param name="States">
/// The states. A name can occur several times, with different schemas and different key groups: state that was restored and not yet asked for
/// stays in the shape it was written in.
/// </param>
public sealed record KeyedStateSnapshot(int MaxParallelism, IReadOnlyList<StateSnapshot> States);

/// <summary>One state in the canonical format.</summary>
/// <param name="Name">The state's name.</param>
/// <param name="Kind">What kind of state it is.</param>
/// <param name="Key">The shape of the keys.</param>
/// <param name="Namespace">The shape of the namespaces.</param>
/// <param name="Value">The shape of the values: for a list that of the list, for a map that of the map.</param>
/// <param name="Groups">The entries by key group, without empty groups.</param>
public sealed record StateSnapshot(
    string Name,
    KeyedStateKind Kind,
    TypeSchema Key,
    TypeSchema Namespace,
    TypeSchema Value,
    IReadOnlyList<KeyGroupSnapshot> Groups);

/// <summary>
/// The entries of one state in one key group, in no particular order: key, namespace and value of each, one after the other, as their
/// serializers write them. A value of kind <see cref="KeyedStateKind.Value"/> has a byte before it: 1, or 0 for a null, which nothing follows.
/// </summary>
/// <param name="Group">The key group.</param>
/// <param name="Count">How many entries.</param>
/// <param name="Entries">Their bytes.</param>
public readonly record struct KeyGroupSnapshot(int Group, int Count, ReadOnlyMemory<byte> Entries);
