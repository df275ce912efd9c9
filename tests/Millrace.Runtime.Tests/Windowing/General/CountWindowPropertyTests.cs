using CsCheck;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.General;

/// <summary>Count windows against cutting up the list of a key's records.</summary>
public sealed class CountWindowPropertyTests
{
    private static readonly Gen<(int Size, int Slide, int Cut, int Parallelism, int[] Keys)> Scenarios =
        Gen.Select(Gen.Int[1, 6], Gen.Int[1, 6], Gen.Int[0, 60], Gen.Int[1, 3], Gen.Int[0, 3].Array[0, 60]);

    [Fact]
    public void Tumbling_count_windows_cut_the_records_of_a_key() => Scenarios.Sample(scenario =>
        Check(scenario, keyed => keyed.CountWindow(scenario.Size), ids => ids.Chunk(scenario.Size).Where(chunk => chunk.Length == scenario.Size)));

    [Fact]
    public void Sliding_count_windows_look_back_at_the_last_records() => Scenarios.Sample(scenario =>
        Check(
            scenario,
            keyed => keyed.CountWindow(scenario.Size, (long)scenario.Slide),
            ids => Enumerable.Range(1, ids.Count / scenario.Slide).Select(i => ids.Take(i * scenario.Slide).TakeLast(scenario.Size).ToArray())));

    private static void Check(
        (int Size, int Slide, int Cut, int Parallelism, int[] Keys) scenario,
        Func<KeyedStream<Event, int>, WindowedStream<Event, int, GlobalWindow>> window,
        Func<List<string>, IEnumerable<string[]>> expected)
    {
        var harness = new OperatorHarness<Event, Event>(events => window(events.KeyBy(e => e.Key)).Reduce(WindowForms.Join), new HarnessOptions { MaxParallelism = 8 });
        var output = new List<Event>();
        for (int i = 0; i < scenario.Keys.Length; i++)
        {
            if (i == scenario.Cut)
            {
                output.AddRange(harness.Output);
                var next = harness.Rescale(scenario.Parallelism);
                harness.Dispose();
                harness = next;
            }

            harness.Process(new Event(scenario.Keys[i], $"{i},"));
        }

        output.AddRange(harness.Output);
        harness.Dispose();
        var all = scenario.Keys.Select((key, i) => (key, id: $"{i},")).GroupBy(record => record.key).OrderBy(group => group.Key)
            .SelectMany(group => expected([.. group.Select(record => record.id)]).Select(ids => new Event(group.Key, string.Concat(ids))));
        Assert.Equal(all, output.OrderBy(e => e.Key));
    }
}
