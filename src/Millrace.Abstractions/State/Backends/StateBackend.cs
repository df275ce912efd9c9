using Microsoft.Extensions.Logging;
using Millrace.Serialization;

namespace Millrace.State.Backends;

/// <summary>A kind of place for keyed state. One instance serves all jobs and subtasks of a process that were given it, so memory budgets belong here. Safe for use by several threads.</summary>
public abstract class StateBackend
{
    /// <summary>The name of the backend, which is also the name of its native snapshot format, for example <c>rocksdb</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Creates the keyed state of one operator in one subtask.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <param name="context">What it needs to know.</param>
    /// <returns>The keyed state, empty.</returns>
    public abstract KeyedStateBackend<TKey> CreateKeyedState<TKey>(KeyedStateContext<TKey> context);

    /// <summary>Says which states are in a snapshot in the backend's own format, from its description alone: no file is read.</summary>
    /// <param name="metadata">What the backend has written into <see cref="NativeSnapshot.Metadata"/>.</param>
    /// <returns>The states that have entries; <see langword="null"/>, unless overridden, where the description does not say.</returns>
    /// <exception cref="MillraceException">The description is damaged.</exception>
    public virtual IReadOnlyList<StateHeader>? ReadStates(ReadOnlyMemory<byte> metadata) => null;

    /// <summary>
    /// Whether an exception says that the backend does not work: its files cannot be read, its disk is full. A function that reads state may let it through, and it is not an error of the
    /// record then: no <see cref="ErrorPolicy"/> covers it. A <see cref="MillraceException"/> never is, and need not be named here.
    /// </summary>
    /// <param name="exception">An exception, or one that is inside another.</param>
    /// <returns>Whether the job is to fail of it in any case. <see langword="false"/> unless overridden.</returns>
    public virtual bool IsFailureOfState(Exception exception) => false;
}

/// <summary>What the keyed state of one operator in one subtask needs to know.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <param name="JobName">The job.</param>
/// <param name="OperatorName">The operator's name, for messages.</param>
/// <param name="OperatorUid">The operator's uid.</param>
/// <param name="SubtaskIndex">Which subtask, from 0.</param>
/// <param name="KeyGroups">The key groups that the subtask owns.</param>
/// <param name="MaxParallelism">How many key groups there are in all.</param>
/// <param name="KeySerializer">Writes keys.</param>
/// <param name="KeyHasher">Hashes keys.</param>
/// <param name="Logger">For messages.</param>
public sealed record KeyedStateContext<TKey>(
    string JobName,
    string OperatorName,
    string OperatorUid,
    int SubtaskIndex,
    KeyGroupRange KeyGroups,
    int MaxParallelism,
    TypeSerializer<TKey> KeySerializer,
    StableHasher<TKey> KeyHasher,
    ILogger Logger);

/// <summary>A keyed state that an operator asks for.</summary>
/// <typeparam name="TNamespace">The type of the namespaces.</typeparam>
/// <typeparam name="TValue">The type of the values.</typeparam>
/// <param name="Name">Unique among the operator's states.</param>
/// <param name="Kind">What the values are, which decides how they are read back.</param>
/// <param name="NamespaceSerializer">Writes namespaces.</param>
/// <param name="NamespaceHasher">Hashes namespaces; <see langword="null"/> where their own <c>GetHashCode</c> is good enough, because the hash never leaves the process.</param>
/// <param name="ValueSerializer">Writes values. <see cref="TypeSerializer{T}.ForReading"/> gives the one for values that were written with another schema.</param>
public sealed record StateTableDescriptor<TNamespace, TValue>(
    string Name,
    KeyedStateKind Kind,
    TypeSerializer<TNamespace> NamespaceSerializer,
    StableHasher<TNamespace>? NamespaceHasher,
    TypeSerializer<TValue> ValueSerializer)
{
    /// <summary>When entries expire; <see langword="null"/> where they do not.</summary>
    public StateExpiry<TValue>? Expiry { get; init; }

    /// <summary>
    /// Whether a key has one namespace at a time, or a few, as sessions are. A backend may then look for entries by their keys alone, so that it can fetch them before it is known which namespace they have; the entries of a key
    /// that has very many take longer.
    /// </summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool HasFewNamespaces { get; init; }
}
