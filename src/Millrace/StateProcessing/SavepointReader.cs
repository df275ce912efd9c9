using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Operator;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.StateProcessing;

/// <summary>Reads the state of a savepoint or checkpoint without running its job: operators by uid, states by name.</summary>
/// <remarks>
/// <para>
/// State comes as it is read, in pieces of some megabytes; it is never in memory as a whole. Every byte is checked against its checksum. What was written by another
/// version of a type is read as a job would read it: members may have been added, removed and reordered, numbers widened.
/// </para>
/// <para>Safe for use by several threads. Dispose of it when nothing is read any more, and streams of <see cref="SavepointStreams"/> have ended.</para>
/// </remarks>
/// <example>
/// <code>
/// using var savepoint = SavepointReader.Open(new DirectoryCheckpointStorage("/var/lib/millrace"), "savepoints/before-upgrade");
/// await foreach (var (airport, delays) in savepoint.ReadKeyed&lt;string, DelaySum&gt;("delays", "sum"))
/// {
///     Console.WriteLine($"{airport}: {delays}");
/// }
/// </code>
/// </example>
public sealed partial class SavepointReader : IDisposable
{
    private readonly SerializerRegistry _serializers = new();

    private SavepointReader(SavepointFiles files)
    {
        Files = files;
        Operators = [.. files.Manifest.Operators.Select(op => new SavepointOperator(
            op.Uid, op.Name, op.Parallelism, op.MaxParallelism, op.IsFinished, op.Subtasks.Select(subtask => subtask.Keyed?.Format).FirstOrDefault(format => format is not null)))];
    }

    /// <summary>The job's name when the savepoint was taken.</summary>
    public string JobName => Files.Manifest.JobName;

    /// <summary>The number of the checkpoint.</summary>
    public long CheckpointId => Files.Manifest.CheckpointId;

    /// <summary>When it was begun.</summary>
    public DateTimeOffset Timestamp => DateTimeOffset.FromUnixTimeMilliseconds(Files.Manifest.Timestamp);

    /// <summary>The operators of the job, also those without state.</summary>
    public IReadOnlyList<SavepointOperator> Operators { get; }

    internal SavepointFiles Files { get; }

    internal SerializerRegistry Serializers => _serializers;

    /// <summary>Opens a savepoint or checkpoint. Blocks while its manifest is read and its files are verified.</summary>
    /// <param name="storage">Where it is.</param>
    /// <param name="path">Its folder, for example <c>savepoints/before-upgrade</c> or <c>my-job/chk-17</c>; the root of the storage may be in front of it.</param>
    /// <param name="backend">
    /// The state backend that wrote it, where it is a checkpoint or a savepoint in the backend's own format. Its state is carried over into files of this machine's
    /// folder for temporary files, operator by operator, when it is first read. <see langword="null"/> where the state is canonical.
    /// </param>
    /// <returns>The savepoint.</returns>
    /// <exception cref="MillraceException">There is none, it is damaged, or a later version wrote it.</exception>
    /// <exception cref="IOException">The storage cannot be read.</exception>
    public static SavepointReader Open(CheckpointStorage storage, string path, StateBackend? backend = null)
    {
        ArgumentNullException.ThrowIfNull(storage);
        return new SavepointReader(new SavepointFiles(storage, path, backend));
    }

    /// <summary>Uses a serializer of one's own for a type, as the job does.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="serializer">The serializer.</param>
    /// <returns>This reader.</returns>
    public SavepointReader RegisterSerializer<T>(TypeSerializer<T> serializer)
    {
        _serializers.Register(serializer);
        return this;
    }

    /// <summary>What states an operator has.</summary>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The states. A name occurs several times where state was written with several schemas.</returns>
    /// <exception cref="MillraceException">There is no such operator, or its state cannot be read.</exception>
    public Task<IReadOnlyList<SavepointState>> GetStatesAsync(string uid, CancellationToken cancellationToken = default)
    {
        var op = Files.Operator(uid);
        return Task.Run<IReadOnlyList<SavepointState>>(() => [.. KeyedStates(uid), .. OperatorStates(op)], cancellationToken);
    }

    /// <summary>Reads an operator list: of one subtask after the other, in their order.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="name">The name of the list, split or union.</param>
    /// <returns>The elements of all subtasks. Of a union list each subtask has its own part here, which a restore would put together.</returns>
    /// <exception cref="StateIncompatibleException">It was written as something else.</exception>
    /// <exception cref="MillraceException">There is no such operator or list, or it is damaged.</exception>
    public IReadOnlyList<T> ReadList<T>(string uid, string name) => ReadList(uid, name, _serializers.Get<T>());

    /// <summary>Reads a broadcast state, of which every subtask has a copy: the first one's.</summary>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="name">The name in the descriptor that the stream was broadcast with.</param>
    /// <returns>The entries.</returns>
    /// <exception cref="StateIncompatibleException">It was written as something else.</exception>
    /// <exception cref="MillraceException">There is no such operator or state, or it is damaged.</exception>
    public IReadOnlyDictionary<TMapKey, TValue> ReadBroadcast<TMapKey, TValue>(string uid, string name)
        where TMapKey : notnull
    {
        var op = Files.Operator(uid);
        var copy = op.Subtasks.Select(subtask => subtask.Operator.Where(state => state.Name == name && state.Redistribution == Redistribution.Broadcast).ToList()).FirstOrDefault(parts => parts.Count > 0)
            ?? throw StateProcessingErrors.NoState(uid, name, OperatorStates(op).Select(state => state.Name));
        var list = new OperatorList<(TMapKey Key, TValue Value)>(new OperatorStateIdentity(name, Redistribution.Broadcast, typeof((TMapKey Key, TValue Value))), _serializers.Get<(TMapKey Key, TValue Value)>());
        copy.ForEach(list.Load);
        return list.Items.ToDictionary(entry => entry.Key, entry => entry.Value);
    }

    /// <summary>Reads the splits of a source that its readers had not read to the end, at their positions.</summary>
    /// <typeparam name="TSplit">The type of the source's splits.</typeparam>
    /// <param name="uid">The source's uid.</param>
    /// <param name="serializer">The source's own serializer of splits, where it has one.</param>
    /// <returns>The splits. Those that no reader had been given yet are what the enumerator remembers.</returns>
    /// <exception cref="MillraceException">There is no such source, or its state cannot be read so.</exception>
    public IReadOnlyList<TSplit> ReadSplits<TSplit>(string uid, TypeSerializer<TSplit>? serializer = null) =>
        ReadList(uid, StateNames.Splits, serializer ?? _serializers.Get<TSplit>());

    /// <summary>Reads what the enumerator of a source remembers.</summary>
    /// <typeparam name="TState">The type of the enumerator's state.</typeparam>
    /// <param name="uid">The source's uid.</param>
    /// <returns>The state.</returns>
    /// <exception cref="MillraceException">There is no such source, or its state cannot be read so.</exception>
    public TState ReadEnumerator<TState>(string uid)
    {
        var op = Files.Operator(uid);
        if (op.Coordinator is not { } coordinator)
        {
            throw StateProcessingErrors.NoState(uid, "enumerator", OperatorStates(op).Select(state => state.Name));
        }

        var input = new BinaryInput(coordinator.State.Span);
        return _serializers.Get<TState>().ForReading(coordinator.Schema).Read(ref input);
    }

    /// <summary>Reads what a sink had prepared and not committed.</summary>
    /// <typeparam name="TCommittable">The type of the sink's committables.</typeparam>
    /// <param name="uid">The sink's uid.</param>
    /// <param name="serializer">The sink's own serializer of committables, where it has one.</param>
    /// <returns>The committables, each with the checkpoint that it was prepared for.</returns>
    /// <exception cref="MillraceException">There is no such sink, or its state cannot be read so.</exception>
    public IReadOnlyList<(long CheckpointId, TCommittable Committable)> ReadCommittables<TCommittable>(string uid, TypeSerializer<TCommittable>? serializer = null) =>
    [
        .. ReadList(uid, StateNames.Committables, new Runtime.Operators.PreparedSerializer<TCommittable>(serializer ?? _serializers.Get<TCommittable>()))
            .Select(prepared => (prepared.CheckpointId, prepared.Committable)),
    ];

    /// <summary>Removes files that were made of state in a backend's own format.</summary>
    public void Dispose() => Files.Dispose();

    private List<T> ReadList<T>(string uid, string name, TypeSerializer<T> serializer)
    {
        var op = Files.Operator(uid);
        var parts = op.Subtasks.SelectMany(subtask => subtask.Operator).Where(state => state.Name == name).ToList();
        if (parts.Count == 0)
        {
            throw StateProcessingErrors.NoState(uid, name, OperatorStates(op).Select(state => state.Name));
        }

        var list = new OperatorList<T>(new OperatorStateIdentity(name, parts[0].Redistribution, typeof(T)), serializer);
        parts.ForEach(list.Load);
        return [.. list.Items];
    }

    private IEnumerable<SavepointState> KeyedStates(string uid)
    {
        var found = new List<(StateHeader Header, long Entries, long Bytes)>();
        foreach (var handle in Files.HandlesOf(uid))
        {
            using var snapshot = Files.Open(uid, handle);
            foreach (var header in snapshot.States)
            {
                var parts = snapshot.PartsOf(header);
                found.Add((header, parts.Sum(part => (long)part.Count), parts.Sum(part => (long)part.Length)));
            }
        }

        return found.GroupBy(state => state.Header).Select(state => new SavepointState(
            state.Key.Name,
            KindOf(state.Key.Kind),
            state.Key.Kind == KeyedStateKind.GroupValue ? null : state.Key.Key,
            state.Key.Kind == KeyedStateKind.GroupValue || state.Key.Namespace.Name == "void" ? null : state.Key.Namespace,
            state.Key.Value,
            state.Sum(part => part.Entries),
            state.Sum(part => part.Bytes)));
    }

    private static IEnumerable<SavepointState> OperatorStates(OperatorManifest op)
    {
        var lists = op.Subtasks.SelectMany(subtask => subtask.Operator).GroupBy(state => (state.Name, state.Redistribution, state.Schema)).Select(state => new SavepointState(
            state.Key.Name,
            state.Key.Redistribution switch
            {
                Redistribution.Union => SavepointStateKind.OperatorUnionList,
                Redistribution.Broadcast => SavepointStateKind.OperatorBroadcast,
                _ => SavepointStateKind.OperatorList,
            },
            null,
            null,
            state.Key.Schema,
            state.Sum(part => (long)part.Items.Count),
            state.Sum(part => part.Items.Sum(item => (long)item.Length))));
        return op.Coordinator is { } coordinator
            ? lists.Append(new SavepointState(StateNames.Enumerator, SavepointStateKind.Enumerator, null, null, coordinator.Schema, 1, coordinator.State.Length))
            : lists;
    }

    private static SavepointStateKind KindOf(KeyedStateKind kind) => kind switch
    {
        KeyedStateKind.List => SavepointStateKind.List,
        KeyedStateKind.Map => SavepointStateKind.Map,
        KeyedStateKind.Timer => SavepointStateKind.Timers,
        KeyedStateKind.GroupValue => SavepointStateKind.KeyGroupValue,
        _ => SavepointStateKind.Value,
    };
}
