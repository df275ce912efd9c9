using Millrace.Runtime.State.Keyed;
using Millrace.Serialization;
using Millrace.State.Backends;
using Millrace.Windowing;

namespace Millrace.StateProcessing;

/// <content>Windows of any kind, which keep a content for each window and not for each slice.</content>
public sealed partial class SavepointReader
{
    /// <summary>Reads the windows of an operator whose windows share no slices: sessions, count and global windows, windows by the clock, windows with a trigger.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TWindow">The type of the windows, for example <see cref="TimeWindow"/>.</typeparam>
    /// <typeparam name="TContent">The accumulator of an aggregate function, or the record of a reduction.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <returns>The windows that are open, in no particular order. Those that a trigger has purged have no content, and are left out.</returns>
    /// <exception cref="MillraceException">There is no such operator, it keeps slices, or it cannot be read so.</exception>
    /// <example><code>await foreach (var session in savepoint.ReadWindows&lt;string, TimeWindow, long&gt;("sessions")) Console.WriteLine($"{session.Key} since {session.Window.StartTime}");</code></example>
    public IAsyncEnumerable<SavepointWindow<TKey, TWindow, TContent>> ReadWindows<TKey, TWindow, TContent>(string uid)
        where TWindow : struct, IWindow<TWindow> => Run(uid, WindowReading<TKey, TWindow, TContent, TContent>(
            KeyedStateKind.Value, new ValueStateSerializer<TContent>(_serializers.Get<TContent>()), static content => content));

    /// <summary>Reads the windows of an operator whose windows share no slices and keep every record.</summary>
    /// <typeparam name="TKey">The type of the keys.</typeparam>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <typeparam name="T">The type of the records; <see cref="TimestampedValue{T}"/> of them where the windows have an evictor.</typeparam>
    /// <param name="uid">The operator's uid.</param>
    /// <returns>The windows that are open, in no particular order.</returns>
    /// <exception cref="MillraceException">There is no such operator, it keeps slices, or it cannot be read so.</exception>
    public IAsyncEnumerable<SavepointWindow<TKey, TWindow, IReadOnlyList<T>>> ReadWindowRecords<TKey, TWindow, T>(string uid)
        where TWindow : struct, IWindow<TWindow> => Run(uid, WindowReading<TKey, TWindow, StateList<T>, IReadOnlyList<T>>(
            KeyedStateKind.List, new StateListSerializer<T>(_serializers.Get<T>()), static list => list.AsSpan().ToArray()));

    private WindowReading<TKey, TWindow, TOut> WindowReading<TKey, TWindow, TContent, TOut>(KeyedStateKind kind, TypeSerializer<TContent> contents, Func<TContent, TOut> select)
        where TWindow : struct, IWindow<TWindow> => new(
            Reading<TKey, TWindow, TContent, SavepointWindow<TKey, TWindow, TOut>>(
                StateNames.WindowContents, kind, _serializers.Get<TWindow>(), contents, (key, window, content) => new SavepointWindow<TKey, TWindow, TOut>(key, window, select(content))),
            ListReading<TKey, (TWindow Window, TWindow StateWindow)>(StateNames.WindowMerging));
}
