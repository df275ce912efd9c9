using CsCheck;
using Millrace.Runtime.Time;

namespace Millrace.Runtime.Tests.Time;

public sealed class WatermarkTrackerTests
{
    private enum Step
    {
        Advance,
        AdvanceFar,
        Idle,
        Active,
        End,
    }

    [Fact]
    public void Advance_OneOfTwo_WaitsForTheOther()
    {
        var tracker = new WatermarkTracker(2);
        Assert.False(tracker.Advance(0, 10));
        Assert.Equal(EventTime.MinWatermark, tracker.Watermark);
        Assert.True(tracker.Advance(1, 5));
        Assert.Equal(5, tracker.Watermark);
        Assert.True(tracker.Advance(1, 20));
        Assert.Equal(10, tracker.Watermark);
    }

    [Fact]
    public void SetIdle_TheSlowest_LetsTheOthersGoOn()
    {
        var tracker = new WatermarkTracker(2);
        tracker.Advance(0, 10);
        Assert.True(tracker.SetIdle(1, true));
        Assert.Equal(10, tracker.Watermark);
        Assert.False(tracker.IsIdle);
    }

    [Fact]
    public void SetIdle_All_IsIdleAtTheGreatestPromise()
    {
        var tracker = new WatermarkTracker(2);
        tracker.Advance(0, 10);
        tracker.Advance(1, 5);
        tracker.SetIdle(1, true);
        Assert.False(tracker.IsIdle);
        tracker.SetIdle(0, true);
        Assert.True(tracker.IsIdle);
        Assert.Equal(10, tracker.Watermark);
        tracker.SetIdle(1, false);
        Assert.False(tracker.IsIdle);
        Assert.Equal(10, tracker.Watermark);
    }

    [Fact]
    public void Advance_AnInputThatCameBackBehind_HoldsNobodyBackUntilItHasCaughtUp()
    {
        var tracker = new WatermarkTracker(2);
        tracker.SetIdle(1, true);
        tracker.Advance(0, 100);
        tracker.SetIdle(1, false);
        tracker.Advance(1, 50);
        Assert.True(tracker.Advance(0, 110));
        Assert.Equal(110, tracker.Watermark);
        Assert.False(tracker.Advance(1, 110));
        Assert.False(tracker.Advance(0, 200));
        Assert.True(tracker.Advance(1, 150));
        Assert.Equal(150, tracker.Watermark);
    }

    [Fact]
    public void End_All_IsTheEndOfTime()
    {
        var tracker = new WatermarkTracker(2);
        tracker.Advance(1, 7);
        Assert.True(tracker.End(0));
        Assert.Equal(7, tracker.Watermark);
        Assert.True(tracker.End(1));
        Assert.Equal(EventTime.MaxWatermark, tracker.Watermark);
        Assert.False(tracker.IsIdle);
        Assert.False(tracker.SetIdle(1, true));
        Assert.False(tracker.IsIdle);
    }

    [Fact]
    public void The_tracker_does_what_the_rules_say() =>
        Gen.Select(Gen.Int[1, 4], Gen.Select(Gen.Enum<Step>(), Gen.Int[0, 3], Gen.Long[0, 12]).Array[0, 150]).Sample((inputs, steps) =>
        {
            var tracker = new WatermarkTracker(inputs);
            var model = new Model(inputs);
            foreach (var (step, number, distance) in steps)
            {
                int input = number % inputs;
                long before = model.Watermark;
                bool moved;
                switch (step)
                {
                    case Step.Advance or Step.AdvanceFar:
                        long watermark = (model.Inputs[input].Watermark == EventTime.MinWatermark ? -50 : model.Inputs[input].Watermark) + (step == Step.Advance ? distance : distance * 10) - 2;
                        moved = tracker.Advance(input, watermark);
                        model.Advance(input, watermark);
                        break;
                    case Step.End when distance > 2:
                        // Streams end seldom, else nothing is left to test.
                        continue;
                    case Step.End:
                        moved = tracker.End(input);
                        model.End(input);
                        break;
                    default:
                        moved = tracker.SetIdle(input, step == Step.Idle);
                        model.SetIdle(input, step == Step.Idle);
                        break;
                }

                Assert.Equal((model.Watermark, model.IsIdle, model.Watermark > before), (tracker.Watermark, tracker.IsIdle, moved));
                Assert.True(tracker.Watermark >= before);
            }
        });

    /// <summary>The rules, said once more without economy.</summary>
    private sealed class Model(int inputs)
    {
        public Input[] Inputs { get; } = [.. Enumerable.Range(0, inputs).Select(_ => new Input())];

        public long Watermark { get; private set; } = EventTime.MinWatermark;

        public bool IsIdle => Inputs.Any(input => !input.Ended) && Inputs.All(input => input.Ended || input.Idle);

        public void Advance(int input, long watermark)
        {
            Inputs[input].Watermark = Math.Max(Inputs[input].Watermark, watermark);
            Settle();
        }

        public void SetIdle(int input, bool idle)
        {
            if (Inputs[input].Ended)
            {
                return;
            }

            if (Inputs[input].Idle && !idle)
            {
                Inputs[input].Behind = true;
            }

            Inputs[input].Idle = idle;
            Settle();
        }

        public void End(int input)
        {
            Inputs[input].Ended = true;
            Settle();
        }

        private void Settle()
        {
            foreach (var input in Inputs.Where(input => !input.Idle && input.Watermark >= Watermark))
            {
                input.Behind = false;
            }

            var goingOn = Inputs.Where(input => !input.Ended).ToList();
            var counted = goingOn.Where(input => !input.Idle && !input.Behind).ToList();
            long all = counted.Count > 0 ? counted.Min(input => input.Watermark)
                : goingOn.Count == 0 ? EventTime.MaxWatermark
                : IsIdle ? goingOn.Max(input => input.Watermark)
                : Watermark;
            Watermark = Math.Max(Watermark, all);
        }

        public sealed class Input
        {
            public long Watermark { get; set; } = EventTime.MinWatermark;

            public bool Idle { get; set; }

            public bool Behind { get; set; }

            public bool Ended { get; set; }
        }
    }
}
