using Millrace.Runtime.Graph;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.Local;

/// <summary>How an operator's records can be aggregated in two steps: first where they come from, a batch at a time, and then in the operator. Only partial aggregates go over the exchange.</summary>
/// <remarks>
/// The local step of Flink's two-phase aggregation (<c>table.optimizer.agg-phase-strategy</c>), within a batch instead of a mini-batch: records wait for nothing. A key that has most of the
/// records then makes little more work for its subtask than any other.
/// </remarks>
internal abstract class LocalAggregation
{
    /// <summary>A stream that carries partial aggregates instead of the records of another.</summary>
    /// <param name="stream">The stream, which leads to the operator by key.</param>
    public abstract StreamEdge CarrierOf(StreamEdge stream);
}

/// <summary>The local step of a window's aggregation.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TContent">What a slice holds.</typeparam>
/// <param name="selectKey">Gives a record's key.</param>
/// <param name="windows">Size, slide and offset.</param>
/// <param name="create">Makes the aggregation of one subtask; null where its function has to be opened, which is the operator's part.</param>
internal sealed class LocalAggregation<TKey, T, TContent>(Func<T, TKey> selectKey, AlignedWindows windows, Func<WindowAggregation<T, TContent>?> create) : LocalAggregation
    where TKey : notnull
{
    public override StreamEdge CarrierOf(StreamEdge stream) => new PartialStream<TKey, T, TContent>((StreamEdge<T>)stream, selectKey, windows, create);
}
