using Millrace.Runtime.Operators;

namespace Millrace.Streams.Partitions;

/// <summary>The records of each subtask are a partition.</summary>
internal sealed class SubtaskPartitions<T>(DataStream<T> stream) : PartitionedStream<T>
{
    public override SingleOutputStream<TOut> MapPartition<TOut>(Action<IReadOnlyList<T>, Collector<TOut>> map, string file = "", int line = 0)
    {
        ArgumentNullException.ThrowIfNull(map);
        return Checked<TOut, T>(stream.Transform<TOut>("Partition", () => new PartitionOperator<T, TOut>(map), file, line));
    }

    public override SingleOutputStream<TOut> Aggregate<TAccumulator, TOut>(Func<AggregateFunction<T, TAccumulator, TOut>> create, string file = "", int line = 0)
    {
        ArgumentNullException.ThrowIfNull(create);
        return Checked<TOut, TAccumulator>(stream.Transform<TOut>("Partition", () => new PartitionAggregateOperator<T, TAccumulator, TOut>(create()), file, line));
    }

    public override SingleOutputStream<T> Reduce(Func<T, T, T> reduce, string file = "", int line = 0)
    {
        ArgumentNullException.ThrowIfNull(reduce);
        return Aggregate(() => new Reduction(reduce), file, line);
    }

    private static SingleOutputStream<TOut> Checked<TOut, TKept>(SingleOutputStream<TOut> result)
    {
        result.Node.CheckSnapshots = check => check.WhyNotSerializable<TKept>() is { } problem
            ? [$"checkpoints are on, and what a partition keeps until the end of the input ({typeof(TKept).Name}) cannot be serialized: {problem}"]
            : [];
        return result;
    }

    private sealed class Reduction(Func<T, T, T> reduce) : AggregateFunction<T, (bool Exists, T Value), T>
    {
        public override (bool Exists, T Value) CreateAccumulator() => default;

        public override void Add(ref (bool Exists, T Value) accumulator, T value) => accumulator = (true, accumulator.Exists ? reduce(accumulator.Value, value) : value);

        public override void Merge(ref (bool Exists, T Value) accumulator, in (bool Exists, T Value) other) => Add(ref accumulator, other.Value);

        public override T GetResult(in (bool Exists, T Value) accumulator) => accumulator.Value;
    }
}
