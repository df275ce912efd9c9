using Millrace.Runtime.State.Heap;
using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;

namespace Millrace.Tests.Shared;

/// <summary>The heap backend with a snapshot format of its own: the canonical one in its metadata, without any file.</summary>
internal sealed class NativeHeapBackend(string name = "native-heap") : StateBackend
{
    public override string Name => name;

    public override KeyedStateBackend<TKey> CreateKeyedState<TKey>(KeyedStateContext<TKey> context) =>
        new Backend<TKey>(context, (HeapKeyedStateBackend<TKey>)HeapStateBackend.Instance.CreateKeyedState(context));

    private sealed class Backend<TKey>(KeyedStateContext<TKey> context, HeapKeyedStateBackend<TKey> inner) : KeyedStateBackend<TKey>(context.MaxParallelism)
    {
        public override long EntryCount => inner.EntryCount;

        public override ulong HashOf(in TKey key) => inner.HashOf(in key);

        public override KeyedStateTable<TKey, TNamespace, TValue> CreateTable<TNamespace, TValue>(StateTableDescriptor<TNamespace, TValue> descriptor) =>
            inner.CreateTable(descriptor);

        public override FrozenKeyedState Freeze(long checkpointId) => new Frozen(inner.Freeze(checkpointId), context.KeyGroups, context.MaxParallelism);

        public override void Restore(IReadOnlyList<KeyedStateReader> snapshots) => inner.Restore(snapshots);

        public override void RestoreNative(IReadOnlyList<NativeSnapshot> snapshots, NativeSnapshotSource source, CancellationToken cancellationToken = default) =>
            inner.Restore([.. snapshots.Select(snapshot => new CanonicalStateReader(new MemoryStream(snapshot.Metadata.ToArray()), "native"))]);
    }

    private sealed class Frozen(FrozenKeyedState inner, KeyGroupRange groups, int maxParallelism) : FrozenKeyedState
    {
        public override void WriteCanonical(KeyedStateWriter writer, CancellationToken cancellationToken) => inner.WriteCanonical(writer, cancellationToken);

        public override NativeSnapshot? WriteNative(NativeSnapshotTarget target, CancellationToken cancellationToken)
        {
            var stream = new MemoryStream();
            var writer = new CanonicalStateWriter(stream, maxParallelism);
            inner.WriteCanonical(writer, cancellationToken);
            writer.Complete();
            return new NativeSnapshot(groups, [], stream.ToArray());
        }

        protected override void Dispose(bool disposing) => inner.Dispose();
    }
}
