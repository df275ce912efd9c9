using CsCheck;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Tests.Operators;

namespace Millrace.Runtime.Tests.Windowing.General;

/// <summary>Timers of windows are interrupted when nobody takes the output, and go on where they were.</summary>
public sealed class GeneralWindowPressureTests
{
    [Theory]
    [InlineData(nameof(WindowKind.Session), nameof(TriggerKind.End))]
    [InlineData(nameof(WindowKind.Sliding), nameof(TriggerKind.Continuous))]
    public void Windows_that_fire_under_backpressure_give_the_same_in_the_same_order(string kind, string trigger)
    {
        int interruptions = 0;
        Gen.Select(GeneralScenario.Of(Enum.Parse<WindowKind>(kind), Enum.Parse<TriggerKind>(trigger)), Gen.Int[1, 3]).Sample((scenario, blockAfter) =>
        {
            var free = Run(scenario, 0, out _);
            var blocked = Run(scenario, blockAfter, out int count);
            Assert.Equal(free, blocked);
            Interlocked.Add(ref interruptions, count);
        });
        Assert.True(interruptions > 100, $"There were only {interruptions} interruptions.");
    }

    private static List<string> Run(GeneralScenario scenario, int blockAfter, out int interruptions)
    {
        interruptions = 0;
        var env = new StreamExecutionEnvironment();
        var node = GeneralForms.All[0].Apply(scenario.Windowed(env.FromSource(new Millrace.Testing.ScriptedSource<Event>(new Millrace.Testing.Script<Event>())))).Node;
        var op = (InputOperator<Firing>)node.CreateOperator();
        var rig = new OperatorRig(op, batchSize: 1);
        var tap = new Tap<Firing>(rig.Pressure, blockAfter);
        op.Output.Connect(tap);
        op.Open();
        for (int i = 0; i < scenario.Steps.Count; i++)
        {
            var step = scenario.Steps[i];
            switch (step.Kind)
            {
                case WindowScenario.StepKind.Record:
                    ((IReceiver<Event>)op).Receive(OperatorRig.Batch((new Event(step.Number, scenario.Id(i)), step.Time)));
                    break;
                case WindowScenario.StepKind.Watermark:
                    op.Control(ControlElement.Watermark(step.Time));
                    break;
            }

            while (op.IsUnfinished)
            {
                rig.Pressure.Waiting = 0;
                op.Resume();
                interruptions++;
            }

            rig.Pressure.Waiting = 0;
        }

        op.Control(ControlElement.EndOfInput);
        op.Close();
        return tap.Elements;
    }
}
