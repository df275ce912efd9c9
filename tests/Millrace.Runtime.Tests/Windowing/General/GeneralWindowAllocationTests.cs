using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Tests.Operators;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.General;

/// <summary>What a record costs once everything has grown to its size.</summary>
public sealed class GeneralWindowAllocationTests
{
    private const int BatchSize = 64;
    private const int Batches = 500;

    [Fact]
    public void A_record_that_makes_a_session_grow_allocates_nothing() =>
        Check(keyed => keyed.Window(EventTimeSessionWindows.WithGap(TimeSpan.FromMilliseconds(100))).Aggregate(() => new Count()));

    [Fact]
    public void A_record_that_is_counted_allocates_nothing() =>
        Check(keyed => keyed.Window(GlobalWindows.Create()).Trigger(on => on.Count(10)).Aggregate(() => new Count()));

    [Fact]
    public void A_record_of_cumulative_windows_allocates_nothing() =>
        Check(keyed => keyed.Window(CumulativeEventTimeWindows.Of(TimeSpan.FromMilliseconds(1 << 20), TimeSpan.FromMilliseconds(1 << 18))).Aggregate(() => new Count()));

    private static void Check(Func<KeyedStream<Tick, int>, SingleOutputStream<long>> build)
    {
        var env = new StreamExecutionEnvironment();
        var node = build(env.FromSource(new ScriptedSource<Tick>(new Script<Tick>())).KeyBy(tick => tick.Key)).Node;
        var op = (InputOperator<long>)node.CreateOperator();
        _ = new OperatorRig(op, batchSize: BatchSize);
        op.Output.Connect(new Discard());
        op.Open();
        long now = Run(op, 0);
        now = Run(op, now);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(op, now);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        op.Close();

        // The odd table that grows; a byte for each record would be thirty times as much.
        Assert.True(allocated <= 1024, $"{BatchSize * Batches} records allocated {allocated} bytes.");
    }

    private static long Run(InputOperator<long> op, long now)
    {
        for (int i = 0; i < Batches; i++)
        {
            var batch = BatchPool<Tick>.Rent(BatchSize);
            for (int k = 0; k < BatchSize; k++)
            {
                batch.Add(new Tick(k % 4, k), now++);
            }

            ((IReceiver<Tick>)op).Receive(batch);
            op.Control(ControlElement.Watermark(now - 1));
        }

        return now;
    }

    internal readonly record struct Tick(int Key, int Value);

    private sealed class Count : AggregateFunction<Tick, long, long>
    {
        public override long CreateAccumulator() => 0;

        public override void Add(ref long accumulator, Tick value) => accumulator++;

        public override void Merge(ref long target, in long source) => target += source;

        public override long GetResult(in long accumulator) => accumulator;
    }

    private sealed class Discard : IReceiver<long>
    {
        public void Receive(RecordBatch<long> batch) => BatchPool<long>.Return(batch);

        public void Control(in ControlElement element)
        {
        }
    }
}
