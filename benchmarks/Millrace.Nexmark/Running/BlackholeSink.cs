using HdrHistogram;
using Millrace.Connectors;
using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.Running;

/// <summary>Forgets results, but not before it has looked at every field of them; and measures how long after its time a result comes.</summary>
/// <param name="latencies">Where latencies go; null where they are not measured.</param>
internal sealed class BlackholeSink(Latencies? latencies) : IResultSink
{
    private long _results;
    private long _digest;

    /// <summary>How many results there were.</summary>
    public long Results => Interlocked.Read(ref _results);

    /// <summary>The sum of all digests.</summary>
    public long Digest => Interlocked.Read(ref _digest);

    public void Take<TResult>(DataStream<TResult> results, ResultFiles<TResult> files)
        where TResult : IResult => results.SinkTo(new ForgettingSink<TResult>(this, latencies)).Name(QueryRun.SinkName).Uid(QueryRun.SinkName);

    private sealed class ForgettingSink<TResult>(BlackholeSink owner, Latencies? latencies) : Sink<TResult>
        where TResult : IResult
    {
        public override SinkWriter<TResult> CreateWriter(SinkWriterContext context) => new Writer<TResult>(owner, latencies, latencies?.OfSubtask());
    }

    private sealed class Writer<TResult>(BlackholeSink owner, Latencies? latencies, LongHistogram? histogram) : SinkWriter<TResult>
        where TResult : IResult
    {
        public override ValueTask WriteAsync(SinkBatch<TResult> batch, CancellationToken cancellationToken)
        {
            long digest = 0;
            foreach (ref readonly var result in batch.Values.Span)
            {
                digest += result.Digest;
            }

            if (histogram is not null)
            {
                latencies!.Record(histogram, batch.Timestamps.Span);
            }

            Interlocked.Add(ref owner._results, batch.Count);
            Interlocked.Add(ref owner._digest, digest);
            return ValueTask.CompletedTask;
        }
    }
}
