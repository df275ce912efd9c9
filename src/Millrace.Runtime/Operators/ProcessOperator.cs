using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>A <see cref="ProcessFunction{TIn, TOut}"/>.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal sealed class ProcessOperator<TIn, TOut>(ProcessFunction<TIn, TOut> function) : CollectingOperator<TIn, TOut>(function)
{
    private ElementContext _context = null!;

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        _context = new ElementContext(this);
    }

    public override void Receive(RecordBatch<TIn> batch)
    {
        Context.Metrics.AddRecordsIn(batch.Count);
        int i = 0;
        while (i < batch.Count)
        {
            try
            {
                var values = batch.Records;
                for (; i < values.Length; i++)
                {
                    Collector.Timestamp = batch.Timestamps[i];
                    function.ProcessElement(values[i], _context, Collector);
                }
            }
            catch (Exception cause) when (OperatorErrors.MayBeOfUserCode(cause))
            {
                Errors.OnRecord(cause, batch.Values[i], batch.Timestamps[i]);
                i++;
            }
        }

        BatchPool<TIn>.Return(batch);
    }

    private sealed class ElementContext(ProcessOperator<TIn, TOut> owner) : ProcessContext
    {
        public override long Timestamp => owner.Collector.Timestamp;

        public override long CurrentWatermark => owner.CurrentWatermark;

        public override long CurrentProcessingTime => owner.Context.ProcessingTime;

        public override void Output<T>(OutputTag<T> tag, T value) => owner.SideOutputs.Emit(tag, value, owner.Collector.Timestamp);
    }
}
