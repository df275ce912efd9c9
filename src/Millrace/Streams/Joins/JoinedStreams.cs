using System.Runtime.CompilerServices;
using Millrace.Streams.Joins;
using Millrace.Windowing;

namespace Millrace;

/// <summary>Two streams that are to be joined in windows: say where each has its key.</summary>
/// <typeparam name="T1">The type of the first stream's records.</typeparam>
/// <typeparam name="T2">The type of the second stream's records.</typeparam>
public sealed class JoinedStreams<T1, T2>
{
    private readonly DataStream<T1> _first;
    private readonly DataStream<T2> _second;

    internal JoinedStreams(DataStream<T1> first, DataStream<T2> second)
    {
        _first = first;
        _second = second;
    }

    /// <summary>Gives the key of the first stream's records.</summary>
    /// <typeparam name="TKey">The type of the key; needs value equality.</typeparam>
    /// <param name="selectKey">Gives a record's key; always the same for the same record.</param>
    /// <returns>The streams, to be given the other key with <c>EqualTo</c>.</returns>
    public Keyed<TKey> Where<TKey>(Func<T1, TKey> selectKey)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(selectKey);
        return new Keyed<TKey>(_first, _second, selectKey);
    }

    /// <summary>The streams, of which the first has a key.</summary>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    public sealed class Keyed<TKey>
        where TKey : notnull
    {
        private readonly DataStream<T1> _first;
        private readonly DataStream<T2> _second;
        private readonly Func<T1, TKey> _firstKey;

        internal Keyed(DataStream<T1> first, DataStream<T2> second, Func<T1, TKey> firstKey)
        {
            _first = first;
            _second = second;
            _firstKey = firstKey;
        }

        /// <summary>Gives the key of the second stream's records.</summary>
        /// <param name="selectKey">Gives a record's key; always the same for the same record.</param>
        /// <returns>The streams, to be given windows.</returns>
        public JoinedStreams<T1, T2, TKey> EqualTo(Func<T2, TKey> selectKey)
        {
            ArgumentNullException.ThrowIfNull(selectKey);
            return new JoinedStreams<T1, T2, TKey>(new PairedStreams<T1, T2, TKey>(_first, _second, _firstKey, selectKey));
        }
    }
}

/// <summary>Two streams that are to be joined by key in windows: say in which.</summary>
/// <typeparam name="T1">The type of the first stream's records.</typeparam>
/// <typeparam name="T2">The type of the second stream's records.</typeparam>
/// <typeparam name="TKey">The type of the key.</typeparam>
public sealed class JoinedStreams<T1, T2, TKey>
    where TKey : notnull
{
    private readonly PairedStreams<T1, T2, TKey> _streams;

    internal JoinedStreams(PairedStreams<T1, T2, TKey> streams)
    {
        _streams = streams;
    }

    /// <summary>Groups the records of both streams into tumbling or sliding windows of event time.</summary>
    /// <param name="windows">The windows.</param>
    /// <returns>The streams, to be joined.</returns>
    public JoinedStreams<T1, T2, TKey, TimeWindow> Window(AlignedWindows windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        return new JoinedStreams<T1, T2, TKey, TimeWindow>(_streams, new AlignedPairedWindows<T1, T2, TKey>(windows));
    }

    /// <summary>Groups the records of both streams into windows of any kind. A session has the records of both.</summary>
    /// <typeparam name="TWindow">The type of the windows.</typeparam>
    /// <param name="windows">The windows.</param>
    /// <returns>The streams, to be joined.</returns>
    public JoinedStreams<T1, T2, TKey, TWindow> Window<TWindow>(WindowAssigner<TWindow> windows)
        where TWindow : struct, IWindow<TWindow>
    {
        ArgumentNullException.ThrowIfNull(windows);
        return new JoinedStreams<T1, T2, TKey, TWindow>(_streams, new AnyPairedWindows<T1, T2, TKey, TWindow>(windows));
    }
}

/// <summary>Two streams that are to be joined by key and window.</summary>
/// <remarks>A window keeps all records of both streams until it is over. Results get the window's last millisecond as their timestamp.</remarks>
/// <typeparam name="T1">The type of the first stream's records.</typeparam>
/// <typeparam name="T2">The type of the second stream's records.</typeparam>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TWindow">The type of the windows.</typeparam>
public sealed class JoinedStreams<T1, T2, TKey, TWindow>
    where TKey : notnull
    where TWindow : struct, IWindow<TWindow>
{
    private readonly PairedStreams<T1, T2, TKey> _streams;
    private readonly PairedWindows<T1, T2, TKey, TWindow> _windows;

    internal JoinedStreams(PairedStreams<T1, T2, TKey> streams, PairedWindows<T1, T2, TKey, TWindow> windows)
    {
        _streams = streams;
        _windows = windows;
    }

    /// <summary>Says when windows fire, in place of the trigger that the windows come with.</summary>
    /// <param name="choose">Chooses the trigger, or gives one of your own.</param>
    /// <returns>These streams.</returns>
    public JoinedStreams<T1, T2, TKey, TWindow> Trigger(Func<Triggers<JoinRecord<T1, T2>, TWindow>, Trigger<JoinRecord<T1, T2>, TWindow>> choose)
    {
        ArgumentNullException.ThrowIfNull(choose);
        _windows.Trigger = choose(default);
        return this;
    }

    /// <summary>Removes records from windows when they fire.</summary>
    /// <param name="choose">Chooses the evictor, or gives one of your own.</param>
    /// <returns>These streams.</returns>
    public JoinedStreams<T1, T2, TKey, TWindow> Evictor(Func<Evictors<JoinRecord<T1, T2>, TWindow>, Evictor<JoinRecord<T1, T2>, TWindow>> choose)
    {
        ArgumentNullException.ThrowIfNull(choose);
        _windows.Evictor = choose(default);
        return this;
    }

    /// <summary>Keeps a window for a while after the watermark has passed its end. A record that comes in that time makes it fire again, with all its results.</summary>
    /// <param name="lateness">Zero or more, whole milliseconds. Default: zero.</param>
    /// <returns>These streams.</returns>
    public JoinedStreams<T1, T2, TKey, TWindow> AllowedLateness(TimeSpan lateness)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lateness, TimeSpan.Zero);
        _windows.AllowedLateness = lateness;
        return this;
    }

    /// <summary>Sends records that are too late for all their windows to a side output. Without it they are dropped and counted.</summary>
    /// <param name="tag">The side output.</param>
    /// <returns>These streams.</returns>
    public JoinedStreams<T1, T2, TKey, TWindow> SideOutputLateData(OutputTag<JoinRecord<T1, T2>> tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        _windows.Late = tag;
        return this;
    }

    /// <summary>Gives a result for every pair of a record of the first stream and one of the second that have the same key and are in the same window.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="join">Gives the result of a pair. Called by all subtasks.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    public SingleOutputStream<TOut> Apply<TOut>(Func<T1, T2, TOut> join, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(join);
        return Apply<TOut>((first, second, output) => output.Collect(join(first, second)), file, line);
    }

    /// <summary>Gives any number of results for every pair of a record of the first stream and one of the second that have the same key and are in the same window.</summary>
    /// <typeparam name="TOut">The type of the results.</typeparam>
    /// <param name="join">Emits the results of a pair. Called by all subtasks.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of results.</returns>
    public SingleOutputStream<TOut> Apply<TOut>(Action<T1, T2, Collector<TOut>> join, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(join);
        return _windows.Process(_streams, () => new CoGroupWindowFunction<T1, T2, TKey, TWindow, TOut>(Pairs, null), file, line);

        void Pairs(IReadOnlyList<T1> first, IReadOnlyList<T2> second, Collector<TOut> output)
        {
            for (int i = 0; i < first.Count; i++)
            {
                for (int k = 0; k < second.Count; k++)
                {
                    join(first[i], second[k], output);
                }
            }
        }
    }
}
