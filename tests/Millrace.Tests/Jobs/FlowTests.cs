using System.Collections.Concurrent;
using Millrace.Connectors;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Testing;
using Millrace.Testing.Simulation;

namespace Millrace.Tests.Jobs;

/// <summary>How much is under way at once, and how long it stays.</summary>
public sealed class FlowTests
{
    // A subtask looks at the clock once a quantum, and others run in between.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(10);

    [Fact]
    public void A_function_that_makes_a_hundred_thousand_records_of_one_is_soon_given_one_at_a_time()
    {
        const int Inputs = 34;
        const int Each = 100_000;
        const int BatchSize = 16;
        var scheduler = new SimulatedScheduler(1);
        int fed = 0;
        long expected = 0;
        bool inOrder = true;
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, BatchSize = BatchSize, ChannelCapacity = 2 });
        env.FromSequence(0, Inputs - 1).Rebalance()
            .FlatMap<long>((value, results) =>
            {
                fed++;
                for (int i = 0; i < Each; i++)
                {
                    results.Collect((value * Each) + i);
                }
            })
            .Rebalance().ForEach(value => inOrder &= value == expected++);
        var execution = JobRunner.Prepare(env, scheduler, "blow-up");
        int most = 0;
        int mostLater = 0;
        execution.Start();
        scheduler.RunUntil(() => execution.Subtasks.Count > 0);
        var exploding = execution.Subtasks.Single(subtask => subtask.Key.Vertex == 1).Value;
        scheduler.RunUntil(() =>
        {
            int waiting = exploding.Pressure.Waiting;
            most = Math.Max(most, waiting);

            // Sixteen at first, for want of knowledge; then half as many every time, 31 in all until it is one.
            mostLater = fed >= 32 ? Math.Max(mostLater, waiting) : mostLater;
            return execution.Completion.IsCompleted;
        });
        Assert.Equal(JobState.Finished, execution.State);
        Assert.Equal((long)Inputs * Each, expected);
        Assert.True(inOrder);
        Assert.True(most > Each / BatchSize * 2, $"Only {most} batches waited: this says nothing about slices.");
        Assert.InRange(mostLater, 1, (Each / BatchSize) + 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_rarer_side_of_a_join_is_not_far_behind_the_other(int parallelism)
    {
        const int Records = 200_000;
        const int Rare = 100;
        const int BatchSize = 128;
        var scheduler = new SimulatedScheduler(1);
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism, BatchSize = BatchSize, BufferTimeout = TimeSpan.FromSeconds(10) });
        var all = env.FromSequence(0, Records - 1);
        var lags = new ConcurrentQueue<long>();
        all.FlatMap<long>((value, results) =>
            {
                if (value % Rare == 0)
                {
                    results.Collect(value);
                }
            })
            .KeyBy(value => value % 2).Connect(all.FlatMap<long>((value, results) => results.Collect(value)).KeyBy(value => value % 2))
            .Process(() => new Lag(Rare, lags)).ForEach(_ => { });
        var execution = JobRunner.Prepare(env, scheduler, "in step");
        execution.Start();
        scheduler.RunUntil(() => execution.Completion.IsCompleted);
        Assert.Equal(JobState.Finished, execution.State);

        // A batch or two of each way and of each producer. Alone, a batch of the rare side holds a hundred of the other.
        Assert.NotEmpty(lags);
        Assert.InRange(lags.Max(), 0, 4 * BatchSize * parallelism);
    }

    [Theory]
    [InlineData(20_000, false)]
    [InlineData(0, true)]
    public void A_batch_for_a_rarely_hit_channel_leaves_in_time_although_the_task_is_never_idle(int rare, bool otherIsFull)
    {
        // Which subtask is which does not matter: one gets a single record, the other all the rest.
        int rareKey = KeyOf(0);
        int commonKey = KeyOf(1);
        for (ulong seed = 0; seed < 10; seed++)
        {
            var scheduler = new SimulatedScheduler(seed);
            var sink = new RareSink(rare, otherIsFull, scheduler.Time);
            var created = DateTimeOffset.MaxValue;
            var options = new ExecutionOptions { Parallelism = 2, BatchSize = 16, ChannelCapacity = 2 };
            var env = new StreamExecutionEnvironment(options);
            env.FromGenerator(Generate, long.MaxValue - 1).Parallelism(1).KeyBy(n => n == rare ? rareKey : commonKey).Reduce((_, n) => n).SinkTo(sink);
            var execution = JobRunner.Prepare(env, scheduler, "rare");
            execution.Start();
            scheduler.RunUntil(() => execution.Subtasks.Count > 0);
            var source = execution.Subtasks[new SubtaskId(0, 0)];
            scheduler.RunUntil(() => sink.RareAt is not null);
            Assert.InRange(sink.RareAt!.Value - created, TimeSpan.Zero, options.BufferTimeout + Slack);
            Assert.True(sink.Common > 0, "The other channel was not hit.");
            Assert.True(!otherIsFull || source.Pressure.IsBlocked, "The other channel is not full.");
            execution.Cancel();
            scheduler.RunUntil(() => execution.Completion.IsCompleted);
            Assert.Equal(JobState.Canceled, execution.State);

            long Generate(long index)
            {
                created = index == rare ? scheduler.Time.GetUtcNow() : created;
                return index;
            }
        }
    }

    /// <summary>A key that goes to a subtask of two.</summary>
    private static int KeyOf(int subtask) =>
        Enumerable.Range(0, 100).First(key => KeyGroups.SubtaskOf(KeyGroups.GroupOf(StableHashers.Get<int>().Hash(key), 128), 128, 2) == subtask);

    private sealed class RareSink(long rare, bool othersBlock, TimeProvider time) : Sink<long>
    {
        public DateTimeOffset? RareAt { get; private set; }

        public long Common { get; private set; }

        public override SinkWriter<long> CreateWriter(SinkWriterContext context) => new Writer(this);

        private sealed class Writer(RareSink owner) : SinkWriter<long>
        {
            public override ValueTask WriteAsync(SinkBatch<long> batch, CancellationToken cancellationToken) => owner.Write(batch.Values.Span[0], batch.Count, cancellationToken);
        }

        private ValueTask Write(long first, int count, CancellationToken cancellationToken)
        {
            if (first == rare)
            {
                Assert.Equal(1, count);
                RareAt = time.GetUtcNow();
                return ValueTask.CompletedTask;
            }

            Common += count;
            if (!othersBlock)
            {
                return ValueTask.CompletedTask;
            }

            // Continues where it is cancelled: the simulation knows of no other threads.
            var blocked = new TaskCompletionSource();
            cancellationToken.Register(() => blocked.TrySetCanceled(cancellationToken));
            return new ValueTask(blocked.Task);
        }
    }

    /// <summary>How far the second input is ahead of the first, where both have the same numbers, the first only some of them.</summary>
    private sealed class Lag(int rare, ConcurrentQueue<long> lags) : KeyedCoProcessFunction<long, long, long, long>
    {
        private readonly HashSet<long> _seen = [];
        private readonly Dictionary<long, long> _missing = [];
        private long _count;

        public override void ProcessElement1(long value, KeyedProcessContext<long> context, Collector<long> output)
        {
            _seen.Add(value);
            if (_missing.Remove(value, out long since))
            {
                lags.Enqueue(_count - since);
            }
        }

        public override void ProcessElement2(long value, KeyedProcessContext<long> context, Collector<long> output)
        {
            _count++;
            if (value % rare == 0 && !_seen.Contains(value))
            {
                _missing[value] = _count;
            }
            else if (value % rare == 0)
            {
                lags.Enqueue(0);
            }
        }
    }
}
