using Millrace.Windowing;

namespace Millrace.Streams.Partitions;

/// <summary>The records of each key are a partition: a window that ends with the input.</summary>
internal sealed class KeyPartitions<T, TKey>(KeyedStream<T, TKey> stream) : PartitionedStream<T>
    where TKey : notnull
{
    private WindowedStream<T, TKey, GlobalWindow> Window => stream.Window(GlobalWindows.AtEndOfInput());

    public override SingleOutputStream<TOut> MapPartition<TOut>(Action<IReadOnlyList<T>, Collector<TOut>> map, string file = "", int line = 0)
    {
        ArgumentNullException.ThrowIfNull(map);
        return Window.Process(() => new Mapping<TOut>(map), file, line);
    }

    public override SingleOutputStream<TOut> Aggregate<TAccumulator, TOut>(Func<AggregateFunction<T, TAccumulator, TOut>> create, string file = "", int line = 0) =>
        Window.Aggregate(create, file, line);

    public override SingleOutputStream<T> Reduce(Func<T, T, T> reduce, string file = "", int line = 0) => Window.Reduce(reduce, file, line);

    private sealed class Mapping<TOut>(Action<IReadOnlyList<T>, Collector<TOut>> map) : ProcessWindowFunction<T, TOut, TKey, GlobalWindow>
    {
        public override void Process(TKey key, WindowContext<GlobalWindow> context, IReadOnlyList<T> elements, Collector<TOut> output) => map(elements, output);
    }
}
