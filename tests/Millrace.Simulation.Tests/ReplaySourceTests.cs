using Millrace.Connectors;
using Millrace.Simulation.External;

namespace Millrace.Simulation.Tests;

/// <summary>The replayable source can be left and taken up again anywhere.</summary>
public sealed class ReplaySourceTests
{
    [Fact]
    public void Records_are_no_more_out_of_order_than_the_plan_says_and_splits_on_request_follow_each_other()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var plan = ReplayPlan.Create(new Random(seed), source: 3);
            long before = long.MinValue;
            for (int split = 0; split < plan.Splits.Count; split++)
            {
                long greatest = plan.OnRequest ? before : long.MinValue;
                for (int place = 0; place < plan.Splits[split].Length; place++)
                {
                    var item = plan.Splits[split][place];
                    Assert.True(greatest == long.MinValue || item.Time >= greatest - plan.Disorder);
                    Assert.Equal((300 + split, place), (ReplayPlan.SplitOf(item.Id), ReplayPlan.PlaceOf(item.Id)));
                    greatest = Math.Max(greatest, item.Time);
                }

                before = Math.Max(before, greatest);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Enumerator_LeftAndTakenUpAnywhere_HandsOutEverySplitOnce(bool onRequest)
    {
        var plan = new ReplayPlan([[], [], [], [], []], 0, onRequest, 1, TimeSpan.Zero);
        for (int leaveAfter = 0; leaveAfter < 6; leaveAfter++)
        {
            var context = new Context(2);
            var source = new ReplaySource(plan);
            var enumerator = source.CreateEnumerator(context, null, isRestored: false);
            enumerator.Start();
            enumerator.AddReader(0);
            for (int i = 0; i < leaveAfter && onRequest; i++)
            {
                enumerator.HandleSplitRequest(0);
            }

            var restored = source.CreateEnumerator(context, enumerator.Snapshot(1), isRestored: true);
            restored.Start();
            restored.AddReader(0);
            restored.AddReader(1);
            for (int i = 0; i < 10 && onRequest; i++)
            {
                restored.HandleSplitRequest(i % 2);
            }

            Assert.Equal([0, 1, 2, 3, 4], context.Assigned.Select(assigned => assigned.Split).Order());
            Assert.Equal([0, 1], context.Finished.Order().Distinct());
            if (!onRequest)
            {
                Assert.All(context.Assigned, assigned => Assert.Equal(assigned.Split % 2, assigned.Subtask));
            }
        }
    }

    [Fact]
    public void Enumerator_SplitsThatComeBack_GoOutBeforeLaterOnes()
    {
        var plan = new ReplayPlan([[], [], []], 0, true, 1, TimeSpan.Zero);
        var context = new Context(1);
        var enumerator = new ReplaySource(plan).CreateEnumerator(context, null, isRestored: false);
        enumerator.HandleSplitRequest(0);
        enumerator.HandleSplitRequest(0);
        enumerator.AddSplitsBack([new ReplaySplit(1, 7), new ReplaySplit(0, 3)], 0);
        Assert.Throws<InvalidOperationException>(() => enumerator.AddSplitsBack([new ReplaySplit(1, 7)], 0));
        context.Assigned.Clear();
        for (int i = 0; i < 4; i++)
        {
            enumerator.HandleSplitRequest(0);
        }

        Assert.Equal([0, 1, 2], context.Assigned.Select(assigned => assigned.Split));
        Assert.Equal([0], context.Finished);
    }

    private sealed class Context(int parallelism) : SplitEnumeratorContext<ReplaySplit>
    {
        public List<(int Split, int Subtask)> Assigned { get; } = [];

        public List<int> Finished { get; } = [];

        public override int Parallelism => parallelism;

        public override TimeProvider TimeProvider => TimeProvider.System;

        public override void Assign(ReplaySplit split, int subtask) => Assigned.Add((split.Index, subtask));

        public override void NoMoreSplits(int subtask) => Finished.Add(subtask);
    }
}
