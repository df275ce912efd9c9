using CsCheck;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Time;

namespace Millrace.Runtime.Tests.Operators.TwoInputs;

public sealed class InputCombinerTests
{
    [Fact]
    public void The_watermark_is_the_lesser_of_both_inputs()
    {
        var (target, first, second, combiner) = Create();
        first.Control(ControlElement.Watermark(10));
        Deliver(combiner);
        Assert.Empty(target.Elements);
        second.Control(ControlElement.Watermark(5));
        first.Control(ControlElement.Watermark(20));
        second.Control(ControlElement.Watermark(30));
        Deliver(combiner);
        Assert.Equal(["W5", "W20"], target.Elements);
    }

    [Fact]
    public void An_idle_input_is_not_waited_for_and_the_operator_is_idle_when_both_are()
    {
        var (target, first, second, combiner) = Create();
        first.Control(ControlElement.Watermark(10));
        second.Control(ControlElement.Idle(true));
        first.Control(ControlElement.Idle(true));
        second.Control(ControlElement.Idle(false));
        Deliver(combiner);
        Assert.Equal(["W10", "idle", "active"], target.Elements);
    }

    [Fact]
    public void The_end_comes_once_when_both_have_ended()
    {
        var (target, first, second, combiner) = Create();
        first.Control(ControlElement.Watermark(EventTime.MaxWatermark));
        first.Control(ControlElement.EndOfInput);
        second.Control(ControlElement.Watermark(7));
        second.Control(ControlElement.Watermark(EventTime.MaxWatermark));
        second.Control(ControlElement.EndOfInput);
        Deliver(combiner);
        Assert.Equal(["W7", "Wend", "end"], target.Elements);
    }

    [Fact]
    public void Elements_are_handed_on_one_at_a_time()
    {
        var (target, first, second, combiner) = Create();
        first.Control(ControlElement.Watermark(1));
        second.Control(ControlElement.Watermark(2));
        first.Control(new ControlElement(ElementKind.LatencyMarker, 5));
        Assert.True(combiner.TryDeliver(out var element));
        Assert.Equal(ElementKind.Watermark, element.Kind);
        Assert.Single(target.Elements);
        Assert.True(combiner.TryDeliver(out _));
        Assert.False(combiner.TryDeliver(out _));
        Assert.Equal(["W1", "LatencyMarker"], target.Elements);
    }

    [Fact]
    public void Records_go_to_the_receiver_of_their_input_and_nowhere_when_all_is_done()
    {
        var (target, first, second, _) = Create();
        first.Receive(OperatorRig.Batch((1, 1L)));
        second.Receive(OperatorRig.Batch(("a", 2L)));
        Assert.Equal(["first 1", "second a"], target.Elements);

        var done = new InputCombiner(null);
        done.Port<int>(0).Receive(OperatorRig.Batch((1, 1L)));
        done.Port<string>(1).Control(ControlElement.EndOfInput);
        Assert.False(done.TryDeliver(out _));
    }

    [Fact]
    public void Whatever_the_inputs_say_it_is_what_a_tracker_of_both_says() => Gen.Select(Gen.Int[0, 1], Gen.Int[0, 2], Gen.Long[0, 20]).List[0, 30].Sample(steps =>
    {
        var (target, first, second, combiner) = Create();
        var tracker = new WatermarkTracker(2);
        foreach (var (input, kind, value) in steps)
        {
            if (kind == 2)
            {
                tracker.SetIdle(input, value % 2 == 0);
            }
            else
            {
                tracker.Advance(input, value);
            }

            var element = kind == 2 ? ControlElement.Idle(value % 2 == 0) : ControlElement.Watermark(value);
            if (input == 0)
            {
                first.Control(element);
            }
            else
            {
                second.Control(element);
            }

            Deliver(combiner);
            Assert.Equal(tracker.Watermark, target.Watermark);
            Assert.Equal(tracker.IsIdle, target.IsIdle);
        }
    });

    private static (Target Target, IReceiver<int> First, IReceiver<string> Second, InputCombiner Combiner) Create()
    {
        var target = new Target();
        var combiner = new InputCombiner(target);
        return (target, combiner.Port<int>(0), combiner.Port<string>(1), combiner);
    }

    private static void Deliver(InputCombiner combiner)
    {
        while (combiner.TryDeliver(out _))
        {
        }
    }

    private sealed class Target : ITwoInputOperator
    {
        private readonly Tap<int> _controls = new();

        public List<string> Elements => _controls.Elements;

        public long Watermark { get; private set; } = EventTime.MinWatermark;

        public bool IsIdle { get; private set; }

        public IReceiver<T> InputOf<T>(int input) => input == 0
            ? (IReceiver<T>)(object)new RecordInput<int>(batch => Elements.Add($"first {batch.Values[0]}"))
            : (IReceiver<T>)(object)new RecordInput<string>(batch => Elements.Add($"second {batch.Values[0]}"));

        public void Control(in ControlElement element)
        {
            _controls.Control(element);
            Watermark = element.Kind == ElementKind.Watermark ? element.Value : Watermark;
            IsIdle = element.Kind == ElementKind.Idle ? element.Value != 0 : IsIdle;
        }
    }
}
