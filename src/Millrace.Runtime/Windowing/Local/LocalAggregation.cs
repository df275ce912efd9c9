using Millrace.Runtime.Exchange;
using Millrace.Runtime.State;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.Local;

/// <summary>How an operator's records can be aggregated in two steps: first where they come from, a batch at a time, and then in the operator. Only partial aggregates go over the exchange.</summary>
/// <remarks>
/// The local step of Flink's two-phase aggregation (<c>table.optimizer.agg-phase-strategy</c>), within a batch instead of a mini-batch: records wait for nothing. A key that has most of the
/// records then makes little more work for its subtask than any other.
/// </remarks>
internal abstract class LocalAggregation
{
    /// <summary>Puts the aggregation of one subtask in front of the partitioner that deals out its records.</summary>
    /// <typeparam name="TRecord">The type of the records.</typeparam>
    /// <param name="partitioner">Deals records out by key.</param>
    public abstract Partitioner<TRecord> InFrontOf<TRecord>(Partitioner<TRecord> partitioner);

    /// <summary>How partial aggregates are written.</summary>
    public abstract PartialFormat CreateFormat(ISerializerProvider serializers);

    /// <summary>The aggregation of a user's function; null where that has to be opened, which is the part of the window's subtask.</summary>
    public static WindowAggregation<T, TAccumulator>? Of<T, TAccumulator, TResult>(AggregateFunction<T, TAccumulator, TResult> function) =>
        function.HasLifecycle ? null : new AggregateAggregation<T, TAccumulator, TResult>(function);
}

/// <summary>The local step of a window's aggregation.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TContent">What a slice holds.</typeparam>
/// <param name="windows">Size, slide and offset.</param>
/// <param name="create">Makes the aggregation of one subtask; null where there is to be none.</param>
internal sealed class LocalAggregation<TKey, T, TContent>(AlignedWindows windows, Func<WindowAggregation<T, TContent>?> create) : LocalAggregation
    where TKey : notnull
{
    public override Partitioner<TRecord> InFrontOf<TRecord>(Partitioner<TRecord> partitioner) =>
        create() is { } aggregation ? (Partitioner<TRecord>)(object)new LocalAggregator<TKey, T, TContent>((HashPartitioner<T, TKey>)(object)partitioner, windows, aggregation) : partitioner;

    public override PartialFormat CreateFormat(ISerializerProvider serializers) => new PartialFormat<TContent>(serializers.Get<TContent>());
}
