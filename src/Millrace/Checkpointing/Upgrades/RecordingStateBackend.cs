using Millrace.Runtime.State;
using Millrace.Runtime.State.Heap;
using Millrace.State.Backends;

namespace Millrace.Checkpointing.Upgrades;

/// <summary>A backend that takes note of the states that one operator asks for. They are empty, in memory, and go nowhere.</summary>
/// <param name="name">The name of the backend whose place it takes.</param>
internal sealed class RecordingStateBackend(string name) : StateBackend
{
    private readonly List<AskedState> _asked = [];

    public override string Name => name;

    /// <summary>What has been asked for by now, in order.</summary>
    public IReadOnlyList<AskedState> Asked => _asked;

    public override KeyedStateBackend<TKey> CreateKeyedState<TKey>(KeyedStateContext<TKey> context) => new Recorder<TKey>(context, _asked);

    private sealed class Recorder<TKey>(KeyedStateContext<TKey> context, List<AskedState> asked) : KeyedStateBackend<TKey>(context.MaxParallelism)
    {
        private readonly KeyedStateBackend<TKey> _empty = HeapStateBackend.Instance.CreateKeyedState(context);

        public override long EntryCount => _empty.EntryCount;

        public override ulong HashOf(in TKey key) => _empty.HashOf(in key);

        public override KeyedStateTable<TKey, TNamespace, TValue> CreateTable<TNamespace, TValue>(StateTableDescriptor<TNamespace, TValue> descriptor)
        {
            var identity = new StateIdentity(descriptor.Name, descriptor.Kind, typeof(TNamespace), typeof(TValue));
            var codec = new HeapTableCodec<TKey, TNamespace, TValue>(context.KeySerializer, context.KeyHasher, descriptor.NamespaceSerializer, descriptor.ValueSerializer);
            asked.Add(new AskedState(
                identity, context.KeySerializer.Schema, descriptor.NamespaceSerializer.Schema, descriptor.ValueSerializer.Schema, written => codec.ForReading(identity, written)));
            return _empty.CreateTable(descriptor);
        }

        public override FrozenKeyedState Freeze(long checkpointId) => _empty.Freeze(checkpointId);

        public override void Restore(IReadOnlyList<KeyedStateReader> snapshots) => throw new NotSupportedException("Nothing is restored into what only takes note.");

        protected override void Dispose(bool disposing) => _empty.Dispose();
    }
}
