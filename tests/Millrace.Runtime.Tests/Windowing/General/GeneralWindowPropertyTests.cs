using CsCheck;
using Millrace.Testing;
using static Millrace.Runtime.Tests.Windowing.WindowScenario;

namespace Millrace.Runtime.Tests.Windowing.General;

/// <summary>Every kind of window, by event time and by the clock, with every kind of trigger that it can have, with and without lateness and evictors, against an oracle that sorts and merges.</summary>
public sealed class GeneralWindowPropertyTests
{
    public static TheoryData<string, string> KindsAndTriggers { get; } =
    [
        .. from kind in Enum.GetValues<WindowKind>()
           from trigger in Enum.GetValues<TriggerKind>()
           where GeneralScenario.IsAllowed(kind, trigger)
           select (kind.ToString(), trigger.ToString()),
    ];

    [Theory]
    [MemberData(nameof(KindsAndTriggers))]
    public void Windows_give_what_the_naive_windows_give_with_rescaling_in_between(string kind, string trigger) =>
        GeneralScenario.Of(Enum.Parse<WindowKind>(kind), Enum.Parse<TriggerKind>(trigger)).Sample(CheckAllForms, iter: 200);

    private static void CheckAllForms(GeneralScenario scenario)
    {
        foreach (var (name, form) in GeneralForms.All)
        {
            Check(scenario, name, form);
        }
    }

    private static void Check(GeneralScenario scenario, string name, Func<WindowedStream<Event, int, Millrace.Windowing.TimeWindow>, SingleOutputStream<Firing>> form)
    {
        var oracle = new GeneralWindowOracle(scenario);
        var harness = new OperatorHarness<Event, Firing>(
            events => form(scenario.Windowed(events)), new HarnessOptions { BatchSize = scenario.BatchSize, MaxParallelism = 8 });
        oracle.Clock(harness.ProcessingTime);
        var late = harness.SideOutput(WindowForms.Late);
        var pending = new List<(Event, long)>();
        int fired = 0;
        int dropped = 0;
        for (int i = 0; i < scenario.Steps.Count; i++)
        {
            var step = scenario.Steps[i];
            if (step.Kind == StepKind.Record)
            {
                var record = new Event(step.Number, scenario.Id(i));
                pending.Add((record, step.Time));
                oracle.Add(record, step.Time);
                continue;
            }

            harness.Process(pending);
            pending.Clear();
            if (step.Kind == StepKind.Watermark)
            {
                oracle.Watermark(step.Time);
                harness.Watermark(step.Time);
                harness.AdvanceProcessingTime(TimeSpan.FromMilliseconds((i % 13) + 1));
                oracle.Clock(harness.ProcessingTime);
            }

            AssertSame(name, oracle.Output.Skip(fired), harness.Output);
            Assert.Equal(oracle.Late.Skip(dropped).OrderBy(record => record.Ids, StringComparer.Ordinal), late.OrderBy(record => record.Ids, StringComparer.Ordinal));
            Assert.All(harness.OutputWithTimestamps, result => Assert.Equal(result.Value.End - 1, result.Timestamp));
            if (step.Kind == StepKind.Rescale)
            {
                var next = harness.Rescale(step.Number);
                harness.Dispose();
                harness = next;
                late = harness.SideOutput(WindowForms.Late);
                fired = oracle.Output.Count;
                dropped = oracle.Late.Count;
            }
        }

        harness.AdvanceProcessingTime(TimeSpan.FromDays(1));
        Assert.Equal(0, harness.StateEntries);
        harness.Dispose();
    }

    private static void AssertSame(string form, IEnumerable<Firing> expected, IEnumerable<Firing> actual) =>
        Assert.Equal(Lines(form, expected), Lines(form, actual));

    private static List<string> Lines(string form, IEnumerable<Firing> firings) => [.. firings.Select(firing => $"{form}: {firing}").Order(StringComparer.Ordinal)];
}
