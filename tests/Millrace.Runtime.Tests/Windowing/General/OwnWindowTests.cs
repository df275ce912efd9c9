using Millrace.State;
using Millrace.Testing;
using Millrace.Windowing;

namespace Millrace.Runtime.Tests.Windowing.General;

/// <summary>Windows, assigners and triggers as a user writes them.</summary>
public sealed class OwnWindowTests
{
    [Fact]
    public void Windows_and_triggers_of_ones_own_merge_and_survive_a_rescale()
    {
        var first = new OperatorHarness<Event, string>(events => events.KeyBy(e => e.Key).Window(new Parcels()).Trigger(new AtThreeHeavyOnes()).Process(() => new Describe()));
        first.Process([(new Event(1, "a2"), 0), (new Event(1, "b1"), 5), (new Event(2, "a1"), 0), (new Event(1, "a1"), 9)]);
        first.Watermark(9);
        Assert.Equal(["1 b to 25: b1", "2 a to 10: a1"], [.. Fired(first.Rescale(3), 25)]);
        using var second = first.Rescale(2);
        first.Dispose();
        second.Process([(new Event(1, "a3"), 12), (new Event(1, "a4"), 13)]);
        Assert.Equal("1 a to 22: a2 a1 a3", Assert.Single(second.Output));
        second.Watermark(100);
        Assert.Equal(["1 a to 22: a2 a1 a3", "1 a to 23: a4", "1 b to 25: b1", "2 a to 10: a1"], second.Output.Order(StringComparer.Ordinal));
        Assert.Equal(0, second.StateEntries);
    }

    private static IEnumerable<string> Fired(OperatorHarness<Event, string> harness, long watermark)
    {
        harness.Watermark(watermark);
        var fired = harness.Output.Where(line => !line.StartsWith("1 a", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        harness.Dispose();
        return fired;
    }

    /// <summary>A parcel: what has one letter and comes until its end.</summary>
    internal readonly record struct Parcel(char Letter, long MaxTimestamp) : IWindow<Parcel>
    {
        public int CompareTo(Parcel other) => (Letter, MaxTimestamp).CompareTo((other.Letter, other.MaxTimestamp));
    }

    /// <summary>Parcels of the same letter merge; those of b take longer.</summary>
    private sealed class Parcels : WindowAssigner<Event, Parcel>, IMergingWindows<Parcel>
    {
        public override bool IsEventTime => true;

        public override void AssignWindows(Event value, long time, ICollection<Parcel> windows) => windows.Add(new Parcel(value.Ids[0], time + (value.Ids[0] == 'b' ? 20 : 10)));

        public bool TryMerge(Parcel first, Parcel second, out Parcel merged)
        {
            merged = first with { MaxTimestamp = Math.Max(first.MaxTimestamp, second.MaxTimestamp) };
            return first.Letter == second.Letter;
        }
    }

    private sealed class AtThreeHeavyOnes : Trigger<Event, Parcel>
    {
        private static readonly ValueStateDescriptor<int> Seen = new("seen");

        public override bool CanMerge => true;

        public override TriggerResult OnElement(Event value, long timestamp, Parcel window, TriggerContext context)
        {
            context.RegisterEventTimeTimer(window.MaxTimestamp);
            if (++context.GetState(Seen).GetOrAdd() < 3)
            {
                return TriggerResult.Continue;
            }

            context.GetState(Seen).Clear();
            return TriggerResult.FireAndPurge;
        }

        public override TriggerResult OnEventTime(long time, Parcel window, TriggerContext context) => time == window.MaxTimestamp ? TriggerResult.Fire : TriggerResult.Continue;

        public override void OnMerge(Parcel window, TriggerMergeContext context)
        {
            context.MergeState(Seen, (first, second) => first + second);
            context.RegisterEventTimeTimer(window.MaxTimestamp);
        }

        public override void Clear(Parcel window, TriggerContext context) => context.GetState(Seen).Clear();
    }

    private sealed class Describe : ProcessWindowFunction<Event, string, int, Parcel>
    {
        public override void Process(int key, WindowContext<Parcel> context, IReadOnlyList<Event> elements, Collector<string> output) =>
            output.Collect($"{key} {context.Window.Letter} to {context.Window.MaxTimestamp}: {string.Join(' ', elements.Select(e => e.Ids))}");
    }
}
