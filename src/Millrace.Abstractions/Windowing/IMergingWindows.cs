namespace Millrace.Windowing;

/// <summary>An assigner whose windows grow together, as sessions do: implemented beside <see cref="WindowAssigner{TWindow}"/> or <see cref="WindowAssigner{T, TWindow}"/>.</summary>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public interface IMergingWindows<TWindow>
    where TWindow : struct, IWindow<TWindow>
{
    /// <summary>Whether two windows of a key are to become one, and which. Must not depend on the order of the two, nor on the order in which windows are merged.</summary>
    /// <param name="first">A window.</param>
    /// <param name="second">Another one.</param>
    /// <param name="merged">The window that has the records of both; it must not end before either of them.</param>
    /// <returns>Whether they become one.</returns>
    bool TryMerge(TWindow first, TWindow second, out TWindow merged);
}
