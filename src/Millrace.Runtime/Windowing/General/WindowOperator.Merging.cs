using System.Runtime.CompilerServices;
using Millrace.Runtime.Operators;
using Millrace.State.Backends;

namespace Millrace.Runtime.Windowing.General;

/// <content>
/// Windows that merge. Each key has a set of windows; a window's content stays under the name of the window that it began with (its state window), however the window grows, so that growing
/// moves nothing.
/// </content>
internal sealed partial class WindowOperator<TKey, TIn, TWindow, TContent, TOut>
{
    private readonly List<(TWindow Window, TWindow StateWindow)> _merged = [];
    private KeyedStateTable<TKey, VoidNamespace, WindowSet<TWindow>> _sets = null!;

    /// <summary>Lets a record's window join those of its key.</summary>
    /// <param name="window">The window, and afterwards that which it has become a part of.</param>
    /// <param name="stateWindow">Where that one's content is kept.</param>
    /// <param name="isNew">Whether that one has no timer yet that removes it.</param>
    /// <returns>False when the window is over; then nothing has changed.</returns>
    private bool Merge(ref TWindow window, out TWindow stateWindow, out bool isNew)
    {
        isNew = true;
        ref var set = ref _sets.Find(in State.CurrentKey, State.CurrentHash, default);
        bool isFirst = Unsafe.IsNullRef(in set);
        if (!isFirst && _timersFollow && set.Count == 1 && TryGrow(ref set[0], ref window, out stateWindow))
        {
            isNew = false;
            return true;
        }

        _merged.Clear();
        if (!isFirst)
        {
            FindMerged(ref set, ref window);
        }

        if (_merged.Count == 0)
        {
            stateWindow = window;
            if (IsLate(window))
            {
                return false;
            }

            if (isFirst)
            {
                TimersOfWindows.Prefetch(in State.CurrentKey, State.CurrentHash);
                set = ref _sets.GetOrAdd(in State.CurrentKey, State.CurrentHash, default, out _);
            }

            set.Add(window, window);
            return true;
        }

        // The record falls into a window that does not grow by it: the common case where a session is long.
        if (_merged.Count == 1 && _merged[0].Window.Equals(window))
        {
            stateWindow = _merged[0].StateWindow;
            isNew = false;
            return true;
        }

        if (IsLate(window))
        {
            throw new InvalidOperationException(
                $"{_assigner} merged windows into {window}, which is over before the windows that it was made of: a merged window must not end before any of its parts");
        }

        // In an order that does not depend on that of a hash map: which part is first decides about the order of the content.
        _merged.Sort(static (first, second) => first.Window.CompareTo(second.Window));
        stateWindow = _merged[0].StateWindow;
        foreach (var (part, _) in _merged)
        {
            RemoveFrom(ref set, part);
        }

        set.Add(window, stateWindow);
        try
        {
            MergeTriggers(window);
            for (int i = 1; i < _merged.Count; i++)
            {
                MergeContents(stateWindow, _merged[i].StateWindow);
            }
        }
        catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
        {
            // Not an error of the record alone: what other records have left would be half merged.
            throw Context.Failure(cause, "merging windows");
        }

        isNew = false;
        return true;
    }

    /// <summary>Lets the only window of a key grow by that of a record, where it does: what nearly every record of a session does. Its timer stays as it is, and follows when it is due.</summary>
    private bool TryGrow(ref (TWindow Window, TWindow StateWindow) only, ref TWindow window, out TWindow stateWindow)
    {
        stateWindow = only.StateWindow;
        if (!_merging!.TryMerge(window, only.Window, out var merged) || !FiresWhenOver(merged))
        {
            return false;
        }

        only.Window = window = merged;
        return true;
    }

    /// <summary>Finds the windows of the key that merge with a window, and with what it becomes by that.</summary>
    private void FindMerged(ref WindowSet<TWindow> set, ref TWindow window)
    {
        int found;
        do
        {
            found = _merged.Count;
            for (int i = 0; i < set.Count; i++)
            {
                var entry = set[i];
                if (!_merged.Contains(entry) && _merging!.TryMerge(window, entry.Window, out var merged))
                {
                    window = merged;
                    _merged.Add(entry);
                }
            }
        }
        while (_merged.Count > found && _merged.Count < set.Count);
    }

    private void MergeTriggers(TWindow window)
    {
        if (_timersFollow && FiresWhenOver(window))
        {
            // Each part has a timer, and none of them is late for what they have become.
            return;
        }

        // Before those of its parts are deleted: a key group with the timers of one key would be empty in between, and give up its memory.
        RegisterCleanup(window);
        bool asksTrigger = !FiresWhenOver(window);
        if (asksTrigger)
        {
            _triggerContext.Window = window;
            _trigger.OnMerge(window, _triggerContext);
        }

        foreach (var (part, _) in _merged)
        {
            if (!part.Equals(window))
            {
                if (asksTrigger)
                {
                    _triggerContext.Window = part;
                    _trigger.Clear(part, _triggerContext);
                }

                DeleteCleanup(part);
            }
        }
    }

    private void MergeContents(TWindow into, TWindow from)
    {
        ref readonly var found = ref _contents.Peek(in State.CurrentKey, State.CurrentHash, in from);
        if (Unsafe.IsNullRef(in found))
        {
            return;
        }

        // Taken out before the other entry is touched, which may move what a reference points to.
        var later = found;
        _contents.Remove(in State.CurrentKey, State.CurrentHash, in from);
        ref var content = ref _contents.GetOrAdd(in State.CurrentKey, State.CurrentHash, in into, out bool existed);
        if (existed)
        {
            _aggregation.Merge(ref content, in later);
        }
        else
        {
            // A copy: a snapshot that is being written may still hold the old entry.
            content = _aggregation.Copy(in later);
        }
    }

    private bool TryGetStateWindow(TWindow window, out TWindow stateWindow)
    {
        ref readonly var set = ref _sets.Peek(in State.CurrentKey, State.CurrentHash, default);
        int place = Unsafe.IsNullRef(in set) ? -1 : set.IndexOf(window);
        stateWindow = place < 0 ? default : set.At(place).StateWindow;
        return place >= 0;
    }

    /// <summary>Finds what a window has become a part of, or is itself, where timers follow.</summary>
    private bool TryGetGrown(in TKey key, ulong hash, ref TWindow window, out TWindow stateWindow)
    {
        ref readonly var set = ref _sets.Peek(in key, hash, default);
        if (!Unsafe.IsNullRef(in set))
        {
            for (int i = 0; i < set.Count; i++)
            {
                ref readonly var entry = ref set.At(i);
                if (_merging!.TryMerge(window, entry.Window, out var merged) && merged.Equals(entry.Window))
                {
                    (window, stateWindow) = entry;
                    return true;
                }
            }
        }

        stateWindow = default;
        return false;
    }

    private void RemoveFromSet(TWindow window)
    {
        ref readonly var set = ref _sets.Peek(in State.CurrentKey, State.CurrentHash, default);
        if (Unsafe.IsNullRef(in set) || set.IndexOf(window) < 0)
        {
            return;
        }

        if (set.Count == 1)
        {
            _sets.Remove(in State.CurrentKey, State.CurrentHash, default);
        }
        else
        {
            RemoveFrom(ref _sets.Find(in State.CurrentKey, State.CurrentHash, default), window);
        }
    }

    private static void RemoveFrom(ref WindowSet<TWindow> set, TWindow window)
    {
        int place = set.IndexOf(window);
        if (place >= 0)
        {
            set.RemoveAt(place);
        }
    }
}
