using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;

namespace Millrace.Runtime.Tests.Operators;

public sealed class WatermarkOperatorTests
{
    private const long Interval = 200;

    [Fact]
    public void Bounded_TheGreatestTimestampMinusTheDelayAndOne_AtTheInterval()
    {
        var (op, rig, tap) = Open(WatermarkStrategy<long>.ForBoundedOutOfOrderness(TimeSpan.FromMilliseconds(5)).WithTimestampAssigner(t => t));
        op.Receive(Records(100, 90, 103));
        op.Flush();
        Assert.Equal(["100@100", "90@90", "103@103"], tap.Elements);
        rig.Advance(Interval - 1);
        Assert.Equal(3, tap.Elements.Count);
        rig.Advance(1);
        Assert.Equal("W97", tap.Elements[^1]);
        op.Receive(Records(99));
        rig.Advance(Interval);
        Assert.Equal("99@99", Flushed(op, tap)[^1]);
        Assert.Single(tap.Elements, element => element[0] == 'W');
    }

    [Fact]
    public void Monotonous_BeforeNineteenSeventy_IsRight()
    {
        var (op, rig, tap) = Open(WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(t => DateTimeOffset.FromUnixTimeMilliseconds(t)));
        op.Receive(Records(-2_000_000_000_000, -1_500));
        rig.Advance(Interval);
        Assert.Equal(["-2000000000000@-2000000000000", "-1500@-1500", "W-1501"], tap.Elements);
    }

    [Fact]
    public void WithWatermarkEvery_FollowsTheRecordThatCausedIt_WhateverTheClock()
    {
        var (op, _, tap) = Open(WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(t => t).WithWatermarkEvery(2), batchSize: 3);
        op.Receive(Records(1, 5));
        op.Receive(Records(4, 3));
        op.Receive(Records(9));
        op.Receive(Records(8));
        Assert.Equal(["1@1", "5@5", "W4", "4@4", "3@3", "9@9", "8@8", "W8"], Flushed(op, tap));
    }

    [Fact]
    public void Punctuated_EveryMarkerFollowsItsRecord_AndNoneGoesBack()
    {
        var (op, rig, tap) = Open(WatermarkStrategy<long>.ForGenerator(() => new Markers()).WithTimestampAssigner(t => t));
        op.Receive(Records(7, 10, 8, 5, 20));
        rig.Advance(Interval);
        Assert.Equal(["7@7", "10@10", "W10", "8@8", "5@5", "20@20", "W20"], tap.Elements);
    }

    [Fact]
    public void Periodic_OfOnesOwn_IsAskedAtTheInterval()
    {
        var (op, rig, tap) = Open(WatermarkStrategy<long>.ForGenerator(() => new Counting()));
        op.Receive(OperatorRig.Batch((7L, 70L), (8L, EventTime.None)));
        rig.Advance(Interval);
        rig.Advance(Interval);
        Assert.Equal(["7@70", "8@none", "W2"], tap.Elements);
    }

    [Fact]
    public void Watermarks_from_before_are_replaced_but_the_last_one_and_the_end_pass()
    {
        var (op, rig, tap) = Open(WatermarkStrategy<long>.NoWatermarks());
        op.Control(ControlElement.Watermark(1_000));
        op.Receive(Records(1));
        rig.Advance(Interval);
        op.Control(ControlElement.Watermark(EventTime.MaxWatermark));
        op.Control(ControlElement.EndOfInput);
        Assert.Equal(["1@0", "Wend", "end"], tap.Elements);
        Assert.Equal(long.MaxValue, op.NextProcessingTime);
    }

    [Fact]
    public void Idleness_AfterTheTimeout_UntilTheNextRecord()
    {
        var (op, rig, tap) = Open(Idling(1_000));
        op.Receive(Records(5));
        for (int i = 0; i < 5; i++)
        {
            rig.Advance(Interval);
        }

        Assert.Equal(["5@5", "W4"], tap.Elements);
        rig.Advance(Interval);
        Assert.Equal("idle", tap.Elements[^1]);
        op.Receive(Records(9));
        Assert.Equal("active", tap.Elements[^1]);
        rig.Advance(Interval);
        Assert.Equal(["active", "9@9", "W8"], tap.Elements[3..]);
    }

    [Fact]
    public void The_idle_clock_stands_still_under_backpressure()
    {
        var (op, rig, tap) = Open(Idling(1_000));
        for (int i = 0; i < 20; i++)
        {
            rig.Pressure.Waiting++;
            rig.Pressure.Waiting--;
            rig.Advance(Interval);
        }

        // Blocked for a minute from just after an interval on: no call comes meanwhile.
        rig.Pressure.Waiting++;
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        rig.Pressure.Waiting--;
        rig.Advance(Interval);
        Assert.Empty(tap.Elements);
        for (int i = 0; i < 5; i++)
        {
            rig.Advance(Interval);
        }

        Assert.Equal(["idle"], tap.Elements);
    }

    [Fact]
    public void The_idle_clock_stands_still_when_the_output_blocks_in_the_interval_itself()
    {
        var (op, rig, tap) = Open(Idling(1_000));
        rig.Pressure.Waiting++;
        rig.Advance(Interval);
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        rig.Pressure.Waiting--;
        rig.Advance(Interval);
        Assert.Empty(tap.Elements);
    }

    [Fact]
    public void Two_idle_clocks_of_one_task_both_stand_still()
    {
        var (first, rig, firstTap) = Open(Idling(400));
        var second = new WatermarkOperator<long>(Idling(400));
        second.Setup(rig.Operator.Context);
        var secondTap = new Tap<long>();
        second.Output.Connect(secondTap);
        second.Open();
        for (int i = 0; i < 10; i++)
        {
            rig.Pressure.Waiting++;
            rig.Pressure.Waiting--;
            rig.Advance(Interval);
            second.FireProcessingTime();
        }

        Assert.Empty(firstTap.Elements);
        Assert.Empty(secondTap.Elements);
        Assert.False(first.IsUnfinished);
    }

    [Fact]
    public void Idleness_OfTheInputAndOfOnesOwn_AreOne()
    {
        var (op, rig, tap) = Open(Idling(400));
        for (int i = 0; i < 3; i++)
        {
            rig.Advance(Interval);
        }

        // The input comes back without a record: this operator still has nothing to say.
        op.Control(ControlElement.Idle(true));
        op.Control(ControlElement.Idle(false));
        Assert.Equal(["idle"], tap.Elements);
        op.Receive(Records(3));
        op.Control(ControlElement.Idle(true));
        Assert.Equal(["idle", "active", "3@3", "idle"], tap.Elements);
    }

    [Fact]
    public void MarkIdle_RightAfterARecord_HoldsUntilTheNextRecord()
    {
        var (op, _, tap) = Open(WatermarkStrategy<long>.ForGenerator(() => new IdleAfterNegative()).WithTimestampAssigner(t => t));
        op.Receive(Records(1, 2, -3, 4, -5));
        Assert.Equal(["1@1", "2@2", "-3@-3", "idle", "active", "4@4", "-5@-5", "idle"], Flushed(op, tap));
    }

    [Fact]
    public void An_assigner_that_throws_is_named()
    {
        var (op, _, _) = Open(WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(t => 1 / t));
        var error = Assert.ThrowsAny<Exception>(() => op.Receive(Records(0)));
        Assert.Contains("assigning a timestamp", error.Message, StringComparison.Ordinal);
    }

    private static WatermarkStrategy<long> Idling(long timeout) =>
        WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(t => t).WithIdleness(TimeSpan.FromMilliseconds(timeout));

    private static (WatermarkOperator<long> Operator, OperatorRig Rig, Tap<long> Tap) Open(WatermarkStrategy<long> strategy, int batchSize = 16)
    {
        var op = new WatermarkOperator<long>(strategy);
        var rig = new OperatorRig(op, batchSize: batchSize);
        var tap = new Tap<long>();
        op.Output.Connect(tap);
        op.Open();
        return (op, rig, tap);
    }

    private static RecordBatch<long> Records(params long[] values) => OperatorRig.Batch(values.Select(value => (value, 0L)));

    private static List<string> Flushed(WatermarkOperator<long> op, Tap<long> tap)
    {
        op.Flush();
        return tap.Elements;
    }

    private sealed class Markers : WatermarkGenerator<long>
    {
        public override void OnEvent(in long value, long timestamp, IWatermarkOutput output)
        {
            if (timestamp % 5 == 0)
            {
                output.EmitWatermark(timestamp);
            }
        }
    }

    private sealed class Counting : WatermarkGenerator<long>
    {
        private long _count;

        public override void OnEvent(in long value, long timestamp, IWatermarkOutput output) => _count++;

        public override void OnPeriodicEmit(IWatermarkOutput output) => output.EmitWatermark(_count);
    }

    private sealed class IdleAfterNegative : WatermarkGenerator<long>
    {
        public override void OnEvent(in long value, long timestamp, IWatermarkOutput output)
        {
            if (value < 0)
            {
                output.MarkIdle();
            }
        }
    }
}
