using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;
using Millrace.State.Backends;

namespace Millrace.Runtime.Windowing.General;

/// <summary>
/// The windows of a key where windows merge, in no particular order, each with the window under which its content is kept. Nearly every key has one, which lies in the table itself: a record finds it with one access to memory. The default value is a set that
/// has not been given its first window.
/// </summary>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
/// <remarks>A mutable struct: change it through the reference that the table gives, never through a copy.</remarks>
internal struct WindowSet<TWindow> : IRarelyRefers
{
    private (TWindow Window, TWindow StateWindow) _first;
    private StateList<(TWindow Window, TWindow StateWindow)> _more;
    private bool _hasFirst;

    /// <summary>How many windows there are.</summary>
    public readonly int Count => _hasFirst ? 1 + _more.Count : 0;

    /// <summary>A window, to be changed.</summary>
    /// <param name="index">Which one, less than <see cref="Count"/>.</param>
    [UnscopedRef]
    public ref (TWindow Window, TWindow StateWindow) this[int index] => ref Unsafe.AsRef(in At(index));

    /// <summary>A window, to be read.</summary>
    /// <param name="index">Which one, less than <see cref="Count"/>.</param>
    [UnscopedRef]
    public readonly ref readonly (TWindow Window, TWindow StateWindow) At(int index)
    {
        if (index == 0)
        {
            return ref _first;
        }

        return ref _more.AsSpan()[index - 1];
    }

    /// <summary>Adds a window.</summary>
    public void Add(TWindow window, TWindow stateWindow)
    {
        if (_hasFirst)
        {
            _more.Add((window, stateWindow));
        }
        else
        {
            _first = (window, stateWindow);
            _hasFirst = true;
        }
    }

    /// <summary>Removes a window; another may take its place. The set of a key that has none left is removed from its table.</summary>
    public void RemoveAt(int index)
    {
        int last = Count - 1;
        this[index] = this[last];
        if (last == 0)
        {
            this = default;
        }
        else
        {
            _more.Replace(_more.AsSpan()[..^1]);
        }
    }

    /// <summary>The place of a window; -1 where it is not there.</summary>
    public readonly int IndexOf(TWindow window)
    {
        if (_hasFirst && EqualityComparer<TWindow>.Default.Equals(_first.Window, window))
        {
            return 0;
        }

        var more = _more.AsSpan();
        for (int i = 0; i < more.Length; i++)
        {
            if (EqualityComparer<TWindow>.Default.Equals(more[i].Window, window))
            {
                return i + 1;
            }
        }

        return -1;
    }

    /// <summary>A set that can be changed without changing this one.</summary>
    public readonly WindowSet<TWindow> Copy()
    {
        var copy = this;
        copy._more = default;
        copy._more.AddRange(_more.AsSpan());
        return copy;
    }

    /// <summary>The window of a key that has one. Good as long as the set is.</summary>
    public readonly ReadOnlySpan<(TWindow Window, TWindow StateWindow)> Only => MemoryMarshal.CreateReadOnlySpan(in _first, 1);

    /// <summary>The windows, in memory of their own.</summary>
    public readonly (TWindow Window, TWindow StateWindow)[] ToArray()
    {
        var windows = new (TWindow Window, TWindow StateWindow)[Count];
        for (int i = 0; i < windows.Length; i++)
        {
            windows[i] = i == 0 ? _first : _more.AsSpan()[i - 1];
        }

        return windows;
    }
}

/// <summary>Writes the windows of a key as a list of pairs: that is what readers of snapshots expect.</summary>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
/// <param name="list">Writes the list.</param>
internal sealed class WindowSetSerializer<TWindow>(StateListSerializer<(TWindow Window, TWindow StateWindow)> list) : TypeSerializer<WindowSet<TWindow>>
{
    public override TypeSchema Schema => list.Schema;

    /// <summary>The serializer, made of that of the windows.</summary>
    public static WindowSetSerializer<TWindow> From(ISerializerProvider serializers) => new(new(serializers.Get<(TWindow Window, TWindow StateWindow)>()));

    public override bool IsImmutable => false;

    public override void Write(ref BinaryOutput output, in WindowSet<TWindow> value) => list.Write(ref output, value.Count == 1 ? value.Only : value.ToArray());

    public override WindowSet<TWindow> Read(ref BinaryInput input)
    {
        var set = default(WindowSet<TWindow>);
        foreach (var (window, stateWindow) in list.Read(ref input).AsSpan())
        {
            set.Add(window, stateWindow);
        }

        return set;
    }

    public override WindowSet<TWindow> Copy(WindowSet<TWindow> value) => value.Copy();

    public override TypeSerializer<WindowSet<TWindow>> ForReading(TypeSchema written)
    {
        var reader = list.ForReading(written);
        return ReferenceEquals(reader, list) ? this : new WindowSetSerializer<TWindow>((StateListSerializer<(TWindow Window, TWindow StateWindow)>)reader);
    }
}
