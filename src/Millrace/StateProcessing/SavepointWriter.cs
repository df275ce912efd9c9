using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State.Operator;
using Millrace.Serialization;

namespace Millrace.StateProcessing;

/// <summary>Writes savepoints that jobs can start from, at any parallelism and with any state backend: new ones, or changed ones.</summary>
/// <remarks>
/// <para>
/// Methods note what is to be written, and <see cref="WriteAsync"/> writes it: only then are entries enumerated, once, and never all in memory. What is not
/// changed is copied, so the new savepoint stands for itself. State is given by uid and name as the job asks for it, in any order of keys, each key once.
/// </para>
/// <para>Not safe for use by several threads.</para>
/// </remarks>
/// <example>
/// <code>
/// using var before = SavepointReader.Open(storage, "savepoints/before");
/// await SavepointWriter.FromExisting(before)
///     .WithKeyedState("delays", "sum", before.ReadKeyed&lt;string, int&gt;("delays", "sum").Select(entry =&gt; (entry.Key.ToUpperInvariant(), entry.Value)))
///     .RemoveOperator("old")
///     .WriteAsync("savepoints/after");
/// </code>
/// </example>
public sealed partial class SavepointWriter
{
    private readonly CheckpointStorage _storage;
    private readonly int _maxParallelism;
    private readonly SavepointReader? _source;
    private readonly SerializerRegistry _serializers;
    private readonly Dictionary<string, WrittenOperator> _operators = new(StringComparer.Ordinal);

    private SavepointWriter(CheckpointStorage storage, int maxParallelism, SavepointReader? source)
    {
        _storage = storage;
        _maxParallelism = maxParallelism;
        _source = source;
        _serializers = source?.Serializers ?? new SerializerRegistry();
        foreach (var op in source?.Files.Manifest.Operators ?? [])
        {
            _operators.Add(op.Uid, new WrittenOperator(op.Uid, op.Name, op.MaxParallelism) { Source = op, Coordinator = op.Coordinator });
        }
    }

    /// <summary>Begins a savepoint from nothing.</summary>
    /// <param name="storage">Where it is to be.</param>
    /// <param name="maxParallelism">How many key groups operators have that are not added by <see cref="WithOperator"/>: the max parallelism of the job. 1 to 32,768.</param>
    /// <returns>The writer.</returns>
    public static SavepointWriter New(CheckpointStorage storage, int maxParallelism = 128)
    {
        ArgumentNullException.ThrowIfNull(storage);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxParallelism, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxParallelism, 32_768);
        return new SavepointWriter(storage, maxParallelism, null);
    }

    /// <summary>Begins a savepoint that has all that another one has, until it is changed.</summary>
    /// <param name="savepoint">The other one, which stays as it is. It must be open until the new one is written.</param>
    /// <returns>The writer; it writes to the same storage, with the serializers that were registered with the reader.</returns>
    /// <exception cref="MillraceException">It is a checkpoint with records in flight.</exception>
    public static SavepointWriter FromExisting(SavepointReader savepoint)
    {
        ArgumentNullException.ThrowIfNull(savepoint);
        var manifest = savepoint.Files.Manifest;
        return manifest.InFlight.Count == 0
            ? new SavepointWriter(savepoint.Files.Storage, manifest.Operators.Select(op => op.MaxParallelism).DefaultIfEmpty(128).Max(), savepoint)
            : throw StateProcessingErrors.InFlight(manifest);
    }

    /// <summary>Uses a serializer of one's own for a type, as the job does. To be called before state of the type is added.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="serializer">The serializer.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter RegisterSerializer<T>(TypeSerializer<T> serializer)
    {
        _serializers.Register(serializer);
        return this;
    }

    /// <summary>Adds an operator. Needed only to name it, or where its max parallelism is not that of the writer: others are added by their states.</summary>
    /// <param name="uid">Its uid.</param>
    /// <param name="name">Its name, for people.</param>
    /// <param name="maxParallelism">How many key groups it has; <see langword="null"/> for the writer's.</param>
    /// <returns>This writer.</returns>
    /// <exception cref="MillraceException">The operator is there with another number of key groups.</exception>
    public SavepointWriter WithOperator(string uid, string name, int? maxParallelism = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(uid);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxParallelism ?? 1, 1, nameof(maxParallelism));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxParallelism ?? 1, 32_768, nameof(maxParallelism));
        if (_operators.TryGetValue(uid, out var there))
        {
            if (maxParallelism is { } asked && asked != there.MaxParallelism)
            {
                throw StateProcessingErrors.MaxParallelism(uid, there.MaxParallelism, asked);
            }

            there.Name = name;
        }
        else
        {
            _operators.Add(uid, new WrittenOperator(uid, name, maxParallelism ?? _maxParallelism));
        }

        return this;
    }

    /// <summary>Leaves an operator out.</summary>
    /// <param name="uid">Its uid.</param>
    /// <returns>This writer.</returns>
    /// <exception cref="MillraceException">There is none.</exception>
    public SavepointWriter RemoveOperator(string uid)
    {
        Existing(uid);
        _operators.Remove(uid);
        return this;
    }

    /// <summary>Gives an operator another uid, for example one that was derived before and is given in the program now.</summary>
    /// <param name="oldUid">The uid that it has.</param>
    /// <param name="newUid">The uid that the job looks for.</param>
    /// <returns>This writer.</returns>
    /// <exception cref="MillraceException">There is none, or the new one is taken.</exception>
    public SavepointWriter ChangeUid(string oldUid, string newUid)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(newUid);
        var op = Existing(oldUid);
        if (_operators.TryGetValue(newUid, out var taken))
        {
            throw StateProcessingErrors.UidTaken(newUid, taken.Name);
        }

        _operators.Remove(oldUid);
        op.Uid = newUid;
        _operators.Add(newUid, op);
        return this;
    }

    /// <summary>Leaves a state out: keyed state, timers or an operator list.</summary>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="stateName">The state's name.</param>
    /// <returns>This writer.</returns>
    /// <exception cref="MillraceException">There is no such operator.</exception>
    public SavepointWriter RemoveState(string uid, string stateName)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(stateName);
        var op = Existing(uid);
        op.Dropped.Add(stateName);
        op.Keyed.RemoveAll(state => state.Header.Name == stateName);
        op.Lists.RemoveAll(state => state.Name == stateName);
        return this;
    }

    /// <summary>Writes an operator list that is dealt out evenly. One of that name that is there is replaced.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="name">The list's name.</param>
    /// <param name="elements">The elements; enumerated now.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter WithList<T>(string uid, string name, IEnumerable<T> elements) => AddList(uid, name, Redistribution.Split, _serializers.Get<T>(), elements);

    /// <summary>Writes an operator list that every subtask gets whole. One of that name that is there is replaced.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="name">The list's name.</param>
    /// <param name="elements">The elements; enumerated now.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter WithUnionList<T>(string uid, string name, IEnumerable<T> elements) => AddList(uid, name, Redistribution.Union, _serializers.Get<T>(), elements);

    /// <summary>Writes a broadcast state, of which every subtask gets a copy. One of that name that is there is replaced.</summary>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <param name="name">The name in the descriptor that the stream is broadcast with.</param>
    /// <param name="entries">The entries, each key once; enumerated now.</param>
    /// <returns>This writer.</returns>
    /// <exception cref="ArgumentException">A key comes twice.</exception>
    public SavepointWriter WithBroadcast<TMapKey, TValue>(string uid, string name, IEnumerable<KeyValuePair<TMapKey, TValue>> entries)
        where TMapKey : notnull
    {
        ArgumentNullException.ThrowIfNull(entries);
        return AddList(uid, name, Redistribution.Broadcast, _serializers.Get<(TMapKey Key, TValue Value)>(), entries.ToDictionary().Select(entry => (entry.Key, entry.Value)));
    }

    /// <summary>Writes the splits that the readers of a source go on from, for example at other offsets. Those that are there are replaced.</summary>
    /// <typeparam name="TSplit">The type of the source's splits.</typeparam>
    /// <param name="uid">The source's uid.</param>
    /// <param name="splits">The splits; enumerated now.</param>
    /// <param name="serializer">The source's own serializer of splits, where it has one.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter WithSplits<TSplit>(string uid, IEnumerable<TSplit> splits, TypeSerializer<TSplit>? serializer = null) =>
        AddList(uid, StateNames.Splits, Redistribution.Split, serializer ?? _serializers.Get<TSplit>(), splits);

    /// <summary>Writes what the enumerator of a source goes on from.</summary>
    /// <typeparam name="TState">The type of the enumerator's state.</typeparam>
    /// <param name="uid">The source's uid.</param>
    /// <param name="state">The state.</param>
    /// <returns>This writer.</returns>
    public SavepointWriter WithEnumerator<TState>(string uid, TState state)
    {
        var serializer = _serializers.Get<TState>();
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        var output = new BinaryOutput(buffer);
        serializer.Write(ref output, in state);
        output.Flush();
        GetOrAdd(uid).Coordinator = new CoordinatorSnapshot(serializer.Schema, buffer.WrittenMemory);
        return this;
    }

    private SavepointWriter AddList<T>(string uid, string name, Redistribution redistribution, TypeSerializer<T> serializer, IEnumerable<T> elements)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(elements);
        var op = GetOrAdd(uid);
        if (op.Lists.Exists(state => state.Name == name))
        {
            throw StateProcessingErrors.NameTaken(uid, name);
        }

        var list = new OperatorList<T>(new OperatorStateIdentity(name, redistribution, typeof(T)), serializer);
        list.Update(elements);
        op.Dropped.Add(name);
        op.Lists.Add(list.Snapshot());
        return this;
    }

    private WrittenOperator Existing(string uid)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(uid);
        return _operators.GetValueOrDefault(uid) ?? throw new MillraceException(
            StateProcessingErrors.Unknown, $"There is no operator with uid '{uid}'. There are: {string.Join(", ", _operators.Values.Select(op => $"'{op.Uid}' ({op.Name})"))}.");
    }

    private WrittenOperator GetOrAdd(string uid)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(uid);
        if (!_operators.TryGetValue(uid, out var op))
        {
            _operators.Add(uid, op = new WrittenOperator(uid, uid, _maxParallelism));
        }

        return op;
    }
}
