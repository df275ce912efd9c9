using System.Buffers;
using Millrace.Serialization;
using Millrace.State;

namespace Millrace.Runtime.State.Operator;

/// <summary>The state of one operator in one subtask that belongs to no key: lists in memory, written whole.</summary>
internal sealed class OperatorStateBackend(ISerializerProvider serializers) : OperatorStateStore
{
    private readonly Dictionary<string, ISnapshotList> _lists = [];
    private readonly Dictionary<string, List<OperatorStateSnapshot>> _restored = [];

    public override OperatorListState<T> GetListState<T>(ListStateDescriptor<T> descriptor) => GetList(descriptor.Name, Redistribution.Split, serializers.Get<T>());

    public override OperatorListState<T> GetUnionListState<T>(ListStateDescriptor<T> descriptor) => GetList(descriptor.Name, Redistribution.Union, serializers.Get<T>());

    public OperatorListState<T> GetList<T>(string name, Redistribution redistribution, TypeSerializer<T> serializer)
    {
        if (_lists.TryGetValue(name, out var existing))
        {
            return (OperatorListState<T>)existing;
        }

        var list = new TypedList<T>(name, redistribution, serializer);
        if (_restored.Remove(name, out var restored))
        {
            foreach (var snapshot in restored)
            {
                list.Load(snapshot);
            }
        }

        _lists.Add(name, list);
        return list;
    }

    public IReadOnlyList<OperatorStateSnapshot> Snapshot() => [.. _lists.Values.Select(list => list.Snapshot()).Where(s => s.Items.Count > 0), .. _restored.Values.SelectMany(s => s)];

    public void Restore(IReadOnlyList<OperatorStateSnapshot> snapshots)
    {
        foreach (var group in snapshots.GroupBy(snapshot => snapshot.Name))
        {
            _restored[group.Key] = [.. group];
        }
    }

    private interface ISnapshotList
    {
        OperatorStateSnapshot Snapshot();
    }

    private sealed class TypedList<T>(string name, Redistribution redistribution, TypeSerializer<T> serializer) : OperatorListState<T>, ISnapshotList
    {
        private readonly List<T> _items = [];

        public override IReadOnlyList<T> Items => _items;

        public override void Add(T value) => _items.Add(value);

        public override void Update(IEnumerable<T> values)
        {
            T[] items = [.. values];
            _items.Clear();
            _items.AddRange(items);
        }

        public void Load(OperatorStateSnapshot snapshot)
        {
            var reader = serializer.ForReading(snapshot.Schema);
            foreach (var item in snapshot.Items)
            {
                var input = new BinaryInput(item.Span);
                _items.Add(reader.Read(ref input));
            }
        }

        public OperatorStateSnapshot Snapshot()
        {
            var items = new List<ReadOnlyMemory<byte>>(_items.Count);
            foreach (var item in _items)
            {
                var buffer = new ArrayBufferWriter<byte>();
                var output = new BinaryOutput(buffer);
                serializer.Write(ref output, in item);
                output.Flush();
                items.Add(buffer.WrittenMemory);
            }

            return new OperatorStateSnapshot(name, redistribution, serializer.Schema, items);
        }
    }
}
