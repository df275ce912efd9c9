using System.Diagnostics;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Keyed;
using Millrace.Runtime.State.Snapshots;
using Millrace.Runtime.Tasks;
using Millrace.Serialization;
using Millrace.State;
using Millrace.State.Backends;

namespace Millrace.Runtime.Operators;

/// <summary>An operator with state by key. Who has one input derives from <see cref="KeyedOperator{TKey, TIn, TOut}"/>.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class KeyedOperator<TKey, TOut>(StreamFunction? function) : CollectingOperator<TOut>(function), IKeyedOperator
    where TKey : notnull
{
    protected KeyedStateStore<TKey> State { get; private set; } = null!;

    /// <summary>What the operator keeps by key group; part of every snapshot.</summary>
    protected GroupValues GroupValues { get; private set; } = null!;

    public long StateEntries => State.EntryCount;

    public string NativeFormat => Backend.Name;

    public IReadOnlyDictionary<string, TypeSchema> AskedGroupValues => GroupValues.Asked;

    public KeyGroupRange KeyGroupRange { get; private set; }

    private StateBackend Backend => Context.Options.StateBackend ?? HeapStateBackend.Instance;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        KeyGroupRange = KeyGroups.RangeOf(context.SubtaskIndex, context.MaxParallelism, context.Parallelism);
        GroupValues = new GroupValues(KeyGroupRange);
        var hasher = context.Serializers.GetHasher<TKey>();
        var backend = Backend.CreateKeyedState(new KeyedStateContext<TKey>(
            context.JobName,
            context.OperatorName,
            context.OperatorUid,
            context.SubtaskIndex,
            KeyGroupRange,
            context.MaxParallelism,
            context.Serializers.Get<TKey>(),
            hasher,
            context.Logger));
        State = new KeyedStateStore<TKey>(backend, hasher, context.Serializers, context.TimeProvider);
    }

    public FrozenKeyedState Freeze(long checkpointId)
    {
        // In the middle of firing, time would promise more than has been emitted.
        Debug.Assert(!IsUnfinished, "State is frozen between elements, when no work is interrupted.");
        UpdateGroupValues();
        return new FrozenOperatorState(State.Freeze(checkpointId), GroupValues.Freeze());
    }

    public void Restore(IReadOnlyList<KeyedStateReader> canonical)
    {
        State.Restore([.. canonical.Select(snapshot => new BackendStates(snapshot))]);
        foreach (var snapshot in canonical)
        {
            GroupValues.Restore(snapshot);
        }
    }

    public void RestoreNative(IReadOnlyList<NativeSnapshot> snapshots, NativeSnapshotSource source) =>
        State.RestoreNative([.. snapshots.Select(snapshot => snapshot with { Metadata = GroupValues.Restore(snapshot.Metadata) })], source, Context.CancellationToken);

    public override void Snapshot(PendingOperatorSnapshot snapshot)
    {
        base.Snapshot(snapshot);
        snapshot.KeyGroups = (KeyGroupRange, Context.MaxParallelism, NativeFormat);
        snapshot.Keyed = Freeze(snapshot.Barrier.CheckpointId);
    }

    public override void Rehearse()
    {
        base.Rehearse();

        // Freezing has no effect there and costs as little as it does in a checkpoint. In a native backend it may be work.
        if (Backend is HeapStateBackend)
        {
            Freeze(CheckpointBarrier.Rehearsal.CheckpointId).Dispose();
        }
    }

    public override void Restore(OperatorRestore restore)
    {
        base.Restore(restore);
        if (restore.Keyed.Count == 0)
        {
            return;
        }

        if (restore.Format == KeyedStateHandle.Canonical)
        {
            var opened = new List<CanonicalStateReader>();
            try
            {
                opened.AddRange(restore.Keyed.Select(handle => restore.Files!.OpenCanonical(handle.Files[0])));
                Restore(opened);
            }
            finally
            {
                opened.ForEach(snapshot => snapshot.Dispose());
            }
        }
        else
        {
            if (restore.Format != NativeFormat)
            {
                throw StateErrors.OtherBackend(Context.OperatorName, Context.OperatorUid, restore.Format, NativeFormat);
            }

            RestoreNative([.. restore.Keyed.Select(handle => new NativeSnapshot(handle.KeyGroups, handle.Files, handle.Metadata))], restore.Files!.Native);
        }
    }

    public override void CheckpointCompleted(long checkpointId)
    {
        State.CheckpointCompleted(checkpointId);
        base.CheckpointCompleted(checkpointId);
    }

    public override void CheckpointAborted(long checkpointId)
    {
        State.CheckpointAborted(checkpointId);
        base.CheckpointAborted(checkpointId);
    }

    /// <summary>Called before a snapshot: the operator brings <see cref="GroupValues"/> up to date.</summary>
    protected virtual void UpdateGroupValues()
    {
    }

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

    /// <summary>The keys of a batch.</summary>
    protected readonly ref struct BatchKeys(ReadOnlySpan<TKey> keys, ReadOnlySpan<ulong> hashes)
    {
        public ReadOnlySpan<TKey> Keys { get; } = keys;

        public ReadOnlySpan<ulong> Hashes { get; } = hashes;

        /// <summary>The keys from an index on, at most so many of them.</summary>
        public BatchKeys Run(int start, int greatest)
        {
            int length = Math.Clamp(Keys.Length - start, 0, greatest);
            return length == 0 ? default : new BatchKeys(Keys.Slice(start, length), Hashes.Slice(start, length));
        }
    }

    /// <summary>What a function over a keyed stream sees of its place in the job.</summary>
    private sealed class KeyedRuntimeContext(KeyedOperator<TKey, TOut> owner) : OperatorRuntimeContext(owner.Context)
    {
        public override ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor) => owner.State.GetState(descriptor);

        public override ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor) => owner.State.GetListState(descriptor);

        public override MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor) => owner.State.GetMapState(descriptor);
    }
}
