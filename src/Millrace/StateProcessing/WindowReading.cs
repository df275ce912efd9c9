using Millrace.Runtime.State.Snapshots;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.StateProcessing;

/// <summary>
/// The contents of windows, each with its window. Where windows merge, a content stays under the window that it was begun for, and another state says which window that has become.
/// </summary>
internal sealed class WindowReading<TKey, TWindow, TContent>(
    KeyedReading<SavepointWindow<TKey, TWindow, TContent>> contents, KeyedReading<(TKey Key, IReadOnlyList<(TWindow Window, TWindow StateWindow)> Values)> merging)
    : KeyedReading<SavepointWindow<TKey, TWindow, TContent>>
    where TWindow : struct, IWindow<TWindow>
{
    public override IReadOnlyCollection<string> States { get; } = [.. contents.States, .. merging.States];

    public override IEnumerable<SavepointWindow<TKey, TWindow, TContent>> Read(CanonicalStateReader snapshot, KeyGroupRange range)
    {
        var windows = new Dictionary<(TKey Key, TWindow StateWindow), TWindow>();
        foreach (var (key, set) in merging.Read(snapshot, range))
        {
            foreach (var (window, stateWindow) in set)
            {
                windows[(key, stateWindow)] = window;
            }
        }

        foreach (var content in contents.Read(snapshot, range))
        {
            yield return windows.TryGetValue((content.Key, content.Window), out var window) ? content with { Window = window } : content;
        }
    }
}
