using Millrace.State;

namespace Millrace.Testing;

/// <summary>The state of a writer, and what the next attempt is given of that of all writers.</summary>
/// <param name="subtask">The writer's subtask.</param>
/// <param name="parallelism">How many there are.</param>
/// <param name="restored">The state of the writers of the checkpoint that is restored.</param>
internal sealed class SinkRigState(int subtask, int parallelism, IReadOnlyList<SinkRigState> restored) : OperatorStateStore
{
    private readonly Dictionary<string, object> _lists = [];

    public override OperatorListState<T> GetListState<T>(ListStateDescriptor<T> descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return Get(descriptor.Name, Restored<T>(descriptor.Name).Where((_, index) => index % parallelism == subtask));
    }

    public override OperatorListState<T> GetUnionListState<T>(ListStateDescriptor<T> descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return Get(descriptor.Name, Restored<T>(descriptor.Name));
    }

    /// <summary>What a checkpoint has of it: later changes are none of it.</summary>
    public SinkRigState Copy()
    {
        var copy = new SinkRigState(subtask, parallelism, []);
        foreach (var (name, list) in _lists)
        {
            copy._lists[name] = ((ICopied)list).Copy();
        }

        return copy;
    }

    private IEnumerable<T> Restored<T>(string name) => restored.SelectMany(state => state._lists.GetValueOrDefault(name) is List<T> list ? list.Items : []);

    private OperatorListState<T> Get<T>(string name, IEnumerable<T> initial)
    {
        if (!_lists.TryGetValue(name, out object? list))
        {
            var made = new List<T>();
            made.Update(initial);
            _lists[name] = list = made;
        }

        return (OperatorListState<T>)list;
    }

    private interface ICopied
    {
        object Copy();
    }

    private sealed class List<T> : OperatorListState<T>, ICopied
    {
        private T[] _items = [];

        public override IReadOnlyList<T> Items => _items;

        public override void Add(T value) => _items = [.. _items, value];

        public override void Update(IEnumerable<T> values) => _items = [.. values];

        public object Copy()
        {
            var copy = new List<T>();
            copy.Update(_items);
            return copy;
        }
    }
}
