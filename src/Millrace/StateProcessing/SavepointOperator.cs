using Millrace.Serialization;

namespace Millrace.StateProcessing;

/// <summary>An operator of a savepoint.</summary>
/// <param name="Uid">The operator's uid, by which a job finds its state again.</param>
/// <param name="Name">Its name when the savepoint was taken.</param>
/// <param name="Parallelism">How many subtasks it had.</param>
/// <param name="MaxParallelism">How many key groups its keys are divided into; it cannot change while there is keyed state.</param>
/// <param name="IsFinished">Whether it had come to its end: a job that starts from here runs it no more.</param>
/// <param name="StateFormat">The format of its keyed state: <c>canonical</c> or the name of the state backend that wrote it; <see langword="null"/> where it has none.</param>
public sealed record SavepointOperator(string Uid, string Name, int Parallelism, int MaxParallelism, bool IsFinished, string? StateFormat);

/// <summary>A state of an operator in a savepoint.</summary>
/// <param name="Name">Its name. The engine's own begin with a dot or are listed in the guide.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Key">How keys were written; <see langword="null"/> where it has none.</param>
/// <param name="Namespace">How namespaces were written, for example the time of a timer; <see langword="null"/> where it has none.</param>
/// <param name="Value">How values or elements were written.</param>
/// <param name="Entries">How many entries or elements there are.</param>
/// <param name="Bytes">How many bytes they have.</param>
public sealed record SavepointState(string Name, SavepointStateKind Kind, TypeSchema? Key, TypeSchema? Namespace, TypeSchema Value, long Entries, long Bytes);

/// <summary>What a state of a savepoint is.</summary>
public enum SavepointStateKind
{
    /// <summary>A value per key, or per key and namespace.</summary>
    Value,

    /// <summary>A list per key, or per key and namespace.</summary>
    List,

    /// <summary>A map per key, or per key and namespace.</summary>
    Map,

    /// <summary>Timers.</summary>
    Timers,

    /// <summary>A value per key group, of the engine's own.</summary>
    KeyGroupValue,

    /// <summary>A list of the operator, dealt out evenly to its subtasks; splits and committables are kept so.</summary>
    OperatorList,

    /// <summary>A list of the operator that every subtask gets whole.</summary>
    OperatorUnionList,

    /// <summary>What the enumerator of a source remembers.</summary>
    Enumerator,

    /// <summary>The copies of a broadcast state, one for each subtask; entries are pairs of key and value.</summary>
    OperatorBroadcast,
}

/// <summary>A timer of a savepoint.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <param name="Key">The key that it is registered for.</param>
/// <param name="Time">When it is due, in milliseconds since 1970-01-01 UTC.</param>
public readonly record struct SavepointTimer<TKey>(TKey Key, long Time);

/// <summary>A window of a key that is open, and what it holds.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TWindow">The type of the window.</typeparam>
/// <typeparam name="TContent">An accumulator, a record, or all records of the window, as it was declared.</typeparam>
/// <param name="Key">The key.</param>
/// <param name="Window">The window; of windows that merge, as far as it has grown.</param>
/// <param name="Content">What it holds.</param>
public readonly record struct SavepointWindow<TKey, TWindow, TContent>(TKey Key, TWindow Window, TContent Content)
    where TWindow : struct, Windowing.IWindow<TWindow>;

/// <summary>What a window operator keeps of a key: the content of one slice. A window is made of the slices that it spans.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TContent">An accumulator, a record, or all records of the slice, as the window was declared.</typeparam>
/// <param name="Key">The key.</param>
/// <param name="SliceEnd">The end of the slice, exclusive, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Content">What was gathered of the records between the end of the slice before and this one.</param>
public readonly record struct SavepointSlice<TKey, TContent>(TKey Key, long SliceEnd, TContent Content);
