namespace Millrace.State;

/// <summary>The state of a subtask that belongs to no key. Asked while the subtask is opened; what was restored is there then.</summary>
public abstract class OperatorStateStore
{
    /// <summary>A list whose elements are dealt out evenly to the subtasks that there are after a restore.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="descriptor">Names the state; unique among the operator's.</param>
    /// <returns>The list. Asking twice gives the same.</returns>
    public abstract OperatorListState<T> GetListState<T>(ListStateDescriptor<T> descriptor);

    /// <summary>A list that every subtask gets whole after a restore: the elements of all subtasks, in the order of subtasks. All subtasks of a function that has one restart together when one of them fails.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="descriptor">Names the state; unique among the operator's.</param>
    /// <returns>The list. Asking twice gives the same.</returns>
    public abstract OperatorListState<T> GetUnionListState<T>(ListStateDescriptor<T> descriptor);

    /// <summary>A store that no checkpoint sees, for tests of connectors.</summary>
    /// <returns>An empty store.</returns>
    public static OperatorStateStore Transient() => new TransientStore();

    private sealed class TransientStore : OperatorStateStore
    {
        private readonly Dictionary<string, object> _lists = [];

        public override OperatorListState<T> GetListState<T>(ListStateDescriptor<T> descriptor) => Get<T>(descriptor);

        public override OperatorListState<T> GetUnionListState<T>(ListStateDescriptor<T> descriptor) => Get<T>(descriptor);

        private OperatorListState<T> Get<T>(ListStateDescriptor<T> descriptor)
        {
            ArgumentNullException.ThrowIfNull(descriptor);
            if (!_lists.TryGetValue(descriptor.Name, out object? list))
            {
                _lists[descriptor.Name] = list = new TransientList<T>();
            }

            return (OperatorListState<T>)list;
        }
    }

    private sealed class TransientList<T> : OperatorListState<T>
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
    }
}
