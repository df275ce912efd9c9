using CsCheck;
using static Millrace.Runtime.Tests.Windowing.WindowScenario;

namespace Millrace.Runtime.Tests.Windowing;

/// <summary>Windows made of slices against an oracle that assigns every record to every window.</summary>
public sealed class SliceWindowPropertyTests
{
    [Fact]
    public void Tumbling_windows_give_what_the_naive_windows_give() => WindowScenario.Tumbling.Sample(scenario => CheckAllForms(scenario, rescale: false), iter: 1_000);

    [Fact]
    public void Sliding_windows_give_what_the_naive_windows_give() => WindowScenario.Sliding.Sample(scenario => CheckAllForms(scenario, rescale: false), iter: 2_000);

    [Fact]
    public void Tumbling_windows_are_the_same_with_snapshots_and_other_parallelisms_in_between() =>
        WindowScenario.Tumbling.Sample(scenario => CheckAllForms(scenario, rescale: true), iter: 500);

    [Fact]
    public void Sliding_windows_are_the_same_with_snapshots_and_other_parallelisms_in_between() =>
        WindowScenario.Sliding.Sample(scenario => CheckAllForms(scenario, rescale: true), iter: 1_000);

    private static void CheckAllForms(WindowScenario scenario, bool rescale)
    {
        foreach (var form in WindowForms.All)
        {
            Check(scenario, form, rescale);
        }
    }

    private static void Check(WindowScenario scenario, WindowForms.Form form, bool rescale)
    {
        var oracle = new WindowOracle(scenario.Size, scenario.Slide, scenario.Offset, scenario.Lateness);
        var harness = form.Harness(scenario);
        var late = harness.SideOutput(WindowForms.Late);
        var pending = new List<(Event, long)>();

        // How much of the oracle's results came before the last rescale.
        int fired = 0;
        int dropped = 0;
        int parallelism = 1;
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
                int before = harness.Output.Count;
                oracle.Watermark(step.Time);
                harness.Watermark(step.Time);
                var times = harness.OutputWithTimestamps.Skip(before).Select(record => record.Timestamp).ToList();
                if (parallelism == 1)
                {
                    Assert.Equal(times.Order(), times);
                }

                Assert.Equal((form.Name, oracle.StateEntries), (form.Name, (int)harness.StateEntries));
            }

            AssertSame(form.Name, oracle.Output.Skip(fired), harness.OutputWithTimestamps.Select(record => Fired.Of(record.Value, record.Timestamp)), result => result.Key);
            AssertSame(form.Name, oracle.Late.Skip(dropped), late, record => record.Key);
            Assert.Equal(late.Count, harness.LateRecords);
            if (step.Kind == StepKind.Rescale && rescale)
            {
                var next = harness.Rescale(step.Number);
                harness.Dispose();
                harness = next;
                parallelism = step.Number;
                late = harness.SideOutput(WindowForms.Late);
                fired = oracle.Output.Count;
                dropped = oracle.Late.Count;
            }
        }

        Assert.Equal(0, harness.StateEntries);
        harness.Dispose();
    }

    /// <summary>Per key everything comes in exactly this order; between keys it may come in any.</summary>
    private static void AssertSame<T>(string form, IEnumerable<T> expected, IEnumerable<T> actual, Func<T, int> key) =>
        Assert.Equal(expected.OrderBy(key).Select(item => (form, item)), actual.OrderBy(key).Select(item => (form, item)));
}
