using Millrace.Runtime.State.Keyed;
using Millrace.State;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.General;

/// <summary>State by key and window. All handles speak of the current key and of <see cref="Window"/>.</summary>
/// <param name="store">The operator's state.</param>
/// <param name="prefix">Put before every name, to keep it apart from states of others.</param>
internal sealed class WindowStates<TKey, TWindow>(KeyedStateStore<TKey> store, string prefix) : WindowStateStore
    where TWindow : struct, IWindow<TWindow>
{
    private readonly Dictionary<string, object> _handles = [];

    // A trigger asks for the same state with every record, mostly with the same descriptor.
    private StateDescriptor? _lastDescriptor;
    private object? _lastHandle;

    public KeyedStateStore<TKey> Store => store;

    public TWindow Window { get; set; }

    public override ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor)
    {
        if (Find(descriptor) is ValueState<T> found)
        {
            return found;
        }

        return Keep(descriptor, new WindowValueState<TKey, TWindow, T>(this, store.Table<TWindow, T>(prefix + descriptor.Name)));
    }

    public override ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor)
    {
        if (Find(descriptor) is ListState<T> found)
        {
            return found;
        }

        return Keep(descriptor, new WindowListState<TKey, TWindow, T>(this, store.ListTable<TWindow, T>(prefix + descriptor.Name)));
    }

    public override MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
    {
        if (Find(descriptor) is MapState<TMapKey, TValue> found)
        {
            return found;
        }

        return Keep(descriptor, new WindowMapState<TKey, TWindow, TMapKey, TValue>(this, store.MapTable<TWindow, TMapKey, TValue>(prefix + descriptor.Name)));
    }

    private object? Find(StateDescriptor descriptor)
    {
        if (ReferenceEquals(descriptor, _lastDescriptor))
        {
            return _lastHandle;
        }

        ArgumentNullException.ThrowIfNull(descriptor);
        if (_handles.TryGetValue(descriptor.Name, out object? handle))
        {
            (_lastDescriptor, _lastHandle) = (descriptor, handle);
        }
        else if (descriptor.Ttl is not null)
        {
            throw new InvalidOperationException(
                $"State '{descriptor.Name}' has a time to live, and belongs to a window: it is removed with the window, and cannot expire before. Leave the time to live out, or use GlobalState, which belongs to the key.");
        }

        return handle;
    }

    private THandle Keep<THandle>(StateDescriptor descriptor, THandle handle)
        where THandle : class
    {
        _handles[descriptor.Name] = handle;
        (_lastDescriptor, _lastHandle) = (descriptor, handle);
        return handle;
    }
}

/// <summary>State by key, as a function over windows sees it.</summary>
internal sealed class GlobalStates<TKey>(KeyedStateStore<TKey> store) : WindowStateStore
{
    public override ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor) => store.GetState(descriptor);

    public override ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor) => store.GetListState(descriptor);

    public override MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor) => store.GetMapState(descriptor);
}
