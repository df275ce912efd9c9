using Millrace.Serialization;

namespace Millrace.Runtime.State.Operator;

/// <summary>How the elements of an operator state are dealt out after a restore.</summary>
internal enum Redistribution : byte
{
    /// <summary>Evenly; each element goes to one subtask.</summary>
    Split,

    /// <summary>Every subtask gets all elements of all.</summary>
    Union,

    /// <summary>Every subtask has a copy, which it keeps; at another parallelism the copies are dealt out in turn.</summary>
    Broadcast,
}

/// <summary>A list that belongs to a subtask and not to a key, as it is written.</summary>
/// <param name="Name">The state's name; those of the engine begin with a dot.</param>
/// <param name="Redistribution">How it is dealt out.</param>
/// <param name="Schema">How elements were written.</param>
/// <param name="Items">The elements.</param>
internal sealed record OperatorStateSnapshot(string Name, Redistribution Redistribution, TypeSchema Schema, IReadOnlyList<ReadOnlyMemory<byte>> Items);
