using Millrace.Windowing;

namespace Millrace.Streams.Joins;

/// <summary>Two streams as one: their records are tagged and united, and divided by the key that each side gives.</summary>
internal sealed record PairedStreams<T1, T2, TKey>(DataStream<T1> First, DataStream<T2> Second, Func<T1, TKey> FirstKey, Func<T2, TKey> SecondKey)
    where TKey : notnull
{
    public KeyedStream<JoinRecord<T1, T2>, TKey> ToKeyed(string file, int line)
    {
        var (firstKey, secondKey) = (FirstKey, SecondKey);
        var first = First.Map(value => new JoinRecord<T1, T2>(false, value, default), file, line).Name("First of two");
        var second = Second.Map(value => new JoinRecord<T1, T2>(true, default, value), file, line).Name("Second of two");
        return first.Union(second).KeyBy(record => record.IsSecond ? secondKey(record.Second!) : firstKey(record.First!));
    }
}

/// <summary>How the windows of a join are declared; kept until the join is, because there its place in the program is known.</summary>
internal abstract class PairedWindows<T1, T2, TKey, TWindow>
    where TKey : notnull
    where TWindow : struct, IWindow<TWindow>
{
    public Trigger<JoinRecord<T1, T2>, TWindow>? Trigger { get; set; }

    public Evictor<JoinRecord<T1, T2>, TWindow>? Evictor { get; set; }

    public TimeSpan AllowedLateness { get; set; }

    public OutputTag<JoinRecord<T1, T2>>? Late { get; set; }

    public abstract SingleOutputStream<TOut> Process<TOut>(
        PairedStreams<T1, T2, TKey> streams, Func<ProcessWindowFunction<JoinRecord<T1, T2>, TOut, TKey, TWindow>> create, string file, int line);

    protected WindowedStream<JoinRecord<T1, T2>, TKey, TWindow> Configure(WindowedStream<JoinRecord<T1, T2>, TKey, TWindow> windowed)
    {
        windowed.AllowedLateness(AllowedLateness);
        if (Trigger is not null)
        {
            windowed.Trigger(Trigger);
        }

        if (Evictor is not null)
        {
            windowed.Evictor(Evictor);
        }

        if (Late is not null)
        {
            windowed.SideOutputLateData(Late);
        }

        return windowed;
    }
}

/// <summary>Windows of any kind.</summary>
internal sealed class AnyPairedWindows<T1, T2, TKey, TWindow>(WindowAssigner<TWindow> windows) : PairedWindows<T1, T2, TKey, TWindow>
    where TKey : notnull
    where TWindow : struct, IWindow<TWindow>
{
    public override SingleOutputStream<TOut> Process<TOut>(
        PairedStreams<T1, T2, TKey> streams, Func<ProcessWindowFunction<JoinRecord<T1, T2>, TOut, TKey, TWindow>> create, string file, int line) =>
        Configure(streams.ToKeyed(file, line).Window(windows)).Process(create, file, line);
}

/// <summary>Aligned windows, which share slices as long as nothing is asked of them that slices cannot do.</summary>
internal sealed class AlignedPairedWindows<T1, T2, TKey>(AlignedWindows windows) : PairedWindows<T1, T2, TKey, TimeWindow>
    where TKey : notnull
{
    public override SingleOutputStream<TOut> Process<TOut>(
        PairedStreams<T1, T2, TKey> streams, Func<ProcessWindowFunction<JoinRecord<T1, T2>, TOut, TKey, TimeWindow>> create, string file, int line)
    {
        var keyed = streams.ToKeyed(file, line);
        if (Trigger is not null || Evictor is not null)
        {
            return Configure(keyed.Window<TimeWindow>(windows)).Process(create, file, line);
        }

        var windowed = keyed.Window(windows).AllowedLateness(AllowedLateness);
        return (Late is null ? windowed : windowed.SideOutputLateData(Late)).Process(create, file, line);
    }
}
