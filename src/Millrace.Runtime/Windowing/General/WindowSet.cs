using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Runtime.State;
using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;

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
    private (TWindow Window, TWindow StateWindow)[]? _more;
    private int _count;

    /// <summary>How many windows there are.</summary>
    public readonly int Count => _count;

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

        return ref _more![index - 1];
    }

    /// <summary>Adds a window.</summary>
    public void Add(TWindow window, TWindow stateWindow)
    {
        if (_count == 0)
        {
            _first = (window, stateWindow);
        }
        else
        {
            if (_more is null || _count > _more.Length)
            {
                Array.Resize(ref _more, Math.Max(2 * (_count - 1), 4));
            }

            _more[_count - 1] = (window, stateWindow);
        }

        _count++;
    }

    /// <summary>Removes a window; another may take its place. The set of a key that has none left is removed from its table.</summary>
    public void RemoveAt(int index)
    {
        _count--;
        this[index] = this[_count];
        this[_count] = default;

        // Many windows in the past do not cost for ever.
        if (_more is { Length: > 16 } && _count <= _more.Length / 4)
        {
            Array.Resize(ref _more, _more.Length / 2);
        }
    }

    /// <summary>The place of a window; -1 where it is not there.</summary>
    public readonly int IndexOf(TWindow window)
    {
        for (int i = 0; i < _count; i++)
        {
            if (EqualityComparer<TWindow>.Default.Equals(At(i).Window, window))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A set that can be changed without changing this one.</summary>
    public readonly WindowSet<TWindow> Copy()
    {
        var copy = this;
        copy._more = _more is null ? null : [.. _more];
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
            windows[i] = At(i);
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
