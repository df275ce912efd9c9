using Millrace.Runtime.State;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.Tasks;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators;

/// <summary>An operator that keeps state by key.</summary>
internal interface IKeyedOperator
{
    /// <summary>How many entries of keyed state and timers there are.</summary>
    long StateEntries { get; }

    /// <summary>Freezes the operator's keyed state and timers; O(key groups).</summary>
    FrozenKeyedState Freeze();

    /// <summary>Takes snapshots, of any parallelism, before the operator is opened.</summary>
    void Restore(IReadOnlyList<KeyedStateSnapshot> snapshots);
}

/// <summary>An operator over a keyed stream.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class KeyedOperator<TKey, TIn, TOut>(Func<TIn, TKey> selectKey, StreamFunction? function)
    : CollectingOperator<TIn, TOut>(function), IKeyedOperator
    where TKey : notnull
{
    // So far ahead of a record the state of its key is fetched: about as many records as pass while memory answers.
    protected const int Ahead = 16;

    private TKey[] _keys = [];
    private ulong[] _hashes = [];

    protected Func<TIn, TKey> SelectKey { get; } = selectKey;

    protected HeapKeyedStateBackend<TKey> State { get; private set; } = null!;

    public long StateEntries => State.EntryCount;

    protected KeyGroupRange KeyGroupRange { get; private set; }

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        KeyGroupRange = KeyGroups.RangeOf(context.SubtaskIndex, context.MaxParallelism, context.Parallelism);
        State = new HeapKeyedStateBackend<TKey>(KeyGroupRange, context.MaxParallelism, context.Serializers);
    }

    public virtual FrozenKeyedState Freeze() => State.Freeze();

    public virtual void Restore(IReadOnlyList<KeyedStateSnapshot> snapshots) => State.Restore(snapshots);

    public override void Close()
    {
        try
        {
            base.Close();
        }
        finally
        {
            State.Dispose();
        }
    }

    protected override RuntimeContext CreateRuntimeContext() => new KeyedRuntimeContext(this);

    /// <summary>
    /// Selects and hashes the keys of a whole batch, so that the places in memory that the records will need are known before they are needed.
    /// </summary>
    /// <returns>Keys and hashes by the index of the record; good until the next call.</returns>
    protected BatchKeys HashKeys(ReadOnlySpan<TIn> values)
    {
        if (_keys.Length < values.Length)
        {
            _keys = new TKey[values.Length];
            _hashes = new ulong[values.Length];
        }

        var keys = _keys.AsSpan(0, values.Length);
        var hashes = _hashes.AsSpan(0, values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            var key = KeyOf(values[i]);
            keys[i] = key;
            hashes[i] = State.HashOf(in key);
        }

        return new BatchKeys(keys, hashes);
    }

    /// <summary>The keys of a batch.</summary>
    protected readonly ref struct BatchKeys(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
    {
        public ReadOnlySpan<TKey> Keys { get; } = keys;

        public ReadOnlySpan<ulong> Hashes { get; } = hashes;

        /// <summary>The keys from an index on, at most <see cref="Ahead"/> of them.</summary>
        public BatchKeys Run(int start)
        {
            int length = Math.Clamp(Keys.Length - start, 0, Ahead);
            return length == 0 ? default : new BatchKeys(Keys.Slice(start, length), Hashes.Slice(start, length));
        }
    }

    /// <summary>The key of a record, checked.</summary>
    protected TKey KeyOf(TIn value)
    {
        var key = SelectKey(value);
        if (key is null)
        {
            throw new InvalidOperationException($"The key selector of {Context.OperatorName} returned null. A key must have a value: filter such records out or give them one.");
        }

        return key;
    }

    /// <summary>What a function over a keyed stream sees of its place in the job.</summary>
    private sealed class KeyedRuntimeContext(KeyedOperator<TKey, TIn, TOut> owner) : OperatorRuntimeContext(owner.Context)
    {
        public override ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor) => owner.State.GetState(descriptor);

        public override ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor) => owner.State.GetListState(descriptor);

        public override MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor) => owner.State.GetMapState(descriptor);
    }
}
