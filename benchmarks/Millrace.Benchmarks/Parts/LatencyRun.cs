using System.Diagnostics;
using HdrHistogram;
using Millrace.Benchmarks.Harness;
using Millrace.Connectors;

namespace Millrace.Benchmarks.Parts;

/// <summary>
/// The time from when a record is due at the source to when the sink has it, at a given pace. Counted from the due time and not from when the
/// record was made, so that a source that falls behind shows.
/// </summary>
internal static class LatencyRun
{
    private const int Subtasks = 2;

    /// <summary>Runs source → map → hash exchange → keyed count with a result a record → callback.</summary>
    /// <param name="recordsPerSecond">The pace; <see langword="null"/> for as fast as possible.</param>
    /// <param name="records">How many.</param>
    /// <returns>Latencies in microseconds. The first fifth of the records is left out as warm-up.</returns>
    public static async Task<HistogramBase> RunAsync(double? recordsPerSecond, long records)
    {
        var due = new DueTimes(recordsPerSecond, records);
        LongHistogram[] histograms = [.. Enumerable.Range(0, Subtasks).Select(_ => new LongHistogram(60_000_000, 3))];
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = Subtasks });
        env.FromGenerator(due.Make, records, recordsPerSecond)
            .Map(r => r with { Second = r.Second + 1 })
            .KeyBy(r => r.Key)
            .Process(() => new CountAndPass())
            .SinkTo(new LatencySink(histograms, records / 5));
        await env.ExecuteAsync("latency").ConfigureAwait(false);
        var all = histograms[0];
        all.Add(histograms[1]);
        return all;
    }

    /// <summary>When records are due: each subtask's range starts with the call for its first record.</summary>
    private sealed class DueTimes(double? recordsPerSecond, long records)
    {
        private readonly double _ticksPerRecord = recordsPerSecond is { } pace ? Stopwatch.Frequency * Subtasks / pace : 0;
        private readonly long[] _starts = new long[Subtasks];

        public Reading Make(long index)
        {
            int range = (int)(index * Subtasks / records);
            long place = index - (records * range / Subtasks);
            if (place == 0)
            {
                _starts[range] = Stopwatch.GetTimestamp();
            }

            return new Reading(Scrambled.Below(index, 100_000), index, _starts[range] + (long)(place * _ticksPerRecord), place, 0);
        }
    }

    private sealed class CountAndPass : KeyedProcessFunction<long, Reading, Reading>
    {
        private State.ValueState<long> _count = null!;

        public override void Open(RuntimeContext context) => _count = context.GetState(new State.ValueStateDescriptor<long>("count"));

        public override void ProcessElement(Reading value, KeyedProcessContext<long> context, Collector<Reading> output) =>
            output.Collect(value with { Second = ++_count.GetOrAdd() });
    }

    /// <summary>Each writer has a histogram of its own.</summary>
    private sealed class LatencySink(LongHistogram[] histograms, long warmup) : Sink<Reading>
    {
        public override SinkWriter<Reading> CreateWriter(SinkWriterContext context) => new Writer(histograms[context.SubtaskIndex], warmup / Subtasks);

        private sealed class Writer(LongHistogram histogram, long warmup) : SinkWriter<Reading>
        {
            public override ValueTask WriteAsync(SinkBatch<Reading> batch, CancellationToken cancellationToken)
            {
                long now = Stopwatch.GetTimestamp();
                foreach (ref readonly var record in batch.Values.Span)
                {
                    if (record.First >= warmup)
                    {
                        long microseconds = (now - record.Sent) * 1_000_000 / Stopwatch.Frequency;
                        histogram.RecordValue(Math.Clamp(microseconds, 0, histogram.HighestTrackableValue));
                    }
                }

                return ValueTask.CompletedTask;
            }
        }
    }
}
