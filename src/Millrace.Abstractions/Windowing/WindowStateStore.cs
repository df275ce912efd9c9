using Millrace.State;

namespace Millrace.Windowing;

/// <summary>Gives state by name: that of a window, or that of a key. Asking twice gives the same handle.</summary>
/// <remarks>Belongs to one subtask. A handle speaks of the key and the window of the call that is running.</remarks>
public abstract class WindowStateStore
{
    private protected WindowStateStore()
    {
    }

    /// <summary>One value.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="descriptor">Names the state and types it.</param>
    /// <returns>The handle.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another type.</exception>
    public abstract ValueState<T> GetState<T>(ValueStateDescriptor<T> descriptor);

    /// <summary>A list.</summary>
    /// <typeparam name="T">The type of the elements.</typeparam>
    /// <param name="descriptor">Names the state and types it.</param>
    /// <returns>The handle.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another type.</exception>
    public abstract ListState<T> GetListState<T>(ListStateDescriptor<T> descriptor);

    /// <summary>A map.</summary>
    /// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
    /// <typeparam name="TValue">The type of the map's values.</typeparam>
    /// <param name="descriptor">Names the state and types it.</param>
    /// <returns>The handle.</returns>
    /// <exception cref="InvalidOperationException">The name is taken by a state of another type.</exception>
    public abstract MapState<TMapKey, TValue> GetMapState<TMapKey, TValue>(MapStateDescriptor<TMapKey, TValue> descriptor)
        where TMapKey : notnull;
}
