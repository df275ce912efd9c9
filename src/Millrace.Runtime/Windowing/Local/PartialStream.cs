using Millrace.Runtime.Exchange;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Operators;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Windowing;

namespace Millrace.Runtime.Windowing.Local;

/// <summary>A stream by key that carries partial aggregates. To its source it is a stream of records.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TContent">What a slice holds.</typeparam>
/// <param name="records">The stream of records.</param>
/// <param name="selectKey">Gives a record's key.</param>
/// <param name="windows">Size, slide and offset.</param>
/// <param name="create">Makes the aggregation of one subtask of the source; null where it aggregates nothing.</param>
internal sealed class PartialStream<TKey, T, TContent>(StreamEdge<T> records, Func<T, TKey> selectKey, AlignedWindows windows, Func<WindowAggregation<T, TContent>?> create)
    : StreamEdge<Partial<T, TContent>>(
        records.Source, null, records.Target, records.TargetInput, new HashPartitioning<Partial<T, TContent>, TKey>(partial => selectKey(partial.Record)))
    where TKey : notnull
{
    public override string? SideOutput => records.SideOutput;

    public override void Feed(StreamOperator source, IReceiver<Partial<T, TContent>> exchange, ExecutionOptions options, ISerializerProvider serializers) =>
        records.Feed(source, new LocalAggregator<TKey, T, TContent>(selectKey, serializers.GetHasher<TKey>(), windows, create(), exchange), options, serializers);

    // What was in flight are records: where barriers overtake them, streams carry no partial aggregates.
    protected override Func<InFlightSnapshot, List<StreamElement<Partial<T, TContent>>>>? InFlightReader(ExecutionOptions options, ISerializerProvider serializers)
    {
        var read = records.ReaderOfInFlight(options, serializers);
        return snapshot => [.. read(snapshot).Select(ToPartials)];
    }

    private static StreamElement<Partial<T, TContent>> ToPartials(StreamElement<T> element)
    {
        if (element.Batch is not { } batch)
        {
            return new StreamElement<Partial<T, TContent>>(element.Control);
        }

        var partials = new RecordBatch<Partial<T, TContent>>(batch.Capacity);
        for (int i = 0; i < batch.Count; i++)
        {
            partials.Add(new Partial<T, TContent> { Record = batch.Values[i] }, batch.Timestamps[i]);
        }

        return new StreamElement<Partial<T, TContent>>(partials);
    }
}
