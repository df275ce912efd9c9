using Millrace.Benchmarks.Harness;
using Millrace.Runtime.Operators;

namespace Millrace.Benchmarks.Parts;

/// <summary>The functions of the stateless chain: two multiplications and a comparison that three of four records pass.</summary>
internal static class StatelessFunctions
{
    public static Event Scale(Event e) => e with { Value = e.Value * 3 };

    public static bool Keep(Event e) => (e.Key & 3) != 0;

    public static Event Add(Event e) => e with { Value = e.Value + e.Key };

    public static Event Make(int index) => new(Scrambled.Below(index, 1 << 20), index);
}

/// <summary>What a person would write: one loop.</summary>
internal sealed class HandWrittenLoop : SynchronousPart
{
    private readonly Feed<Event> _feed = new(StatelessFunctions.Make);
    private readonly Event[] _results = new Event[Feed<Event>.BatchSize];

    public long Count { get; private set; }

    public override void Run(long records)
    {
        for (long done = 0; done < records; done += Feed<Event>.BatchSize)
        {
            var results = _results;
            int kept = 0;
            foreach (ref readonly var record in _feed.NextSpan())
            {
                var scaled = StatelessFunctions.Scale(record);
                if (StatelessFunctions.Keep(scaled))
                {
                    results[kept++] = StatelessFunctions.Add(scaled);
                }
            }

            Count += kept;
        }
    }
}

/// <summary>Only the feeding of batches: what the operator parts pay beside their operators.</summary>
internal sealed class FeedOnly : SynchronousPart
{
    private readonly Feed<Event> _feed = new(StatelessFunctions.Make);
    private readonly Counter<Event> _counter = new();

    public override void Run(long records)
    {
        for (long done = 0; done < records; done += Feed<Event>.BatchSize)
        {
            _counter.Receive(_feed.NextBatch());
        }
    }
}

/// <summary>map → filter → map as operators that hand batches to one another.</summary>
internal sealed class StatelessOperators : SynchronousPart
{
    private readonly Feed<Event> _feed = new(StatelessFunctions.Make);
    private readonly MapOperator<Event, Event> _head;

    public StatelessOperators()
    {
        _head = OperatorHost.Prepare(new MapOperator<Event, Event>(StatelessFunctions.Scale, null));
        var filter = OperatorHost.Prepare(new FilterOperator<Event>(StatelessFunctions.Keep, null));
        var last = OperatorHost.Prepare(new MapOperator<Event, Event>(StatelessFunctions.Add, null));
        _head.Output.Connect(filter);
        filter.Output.Connect(last);
        last.Output.Connect(new Counter<Event>());
    }

    public override void Run(long records)
    {
        for (long done = 0; done < records; done += Feed<Event>.BatchSize)
        {
            _head.Receive(_feed.NextBatch());
        }
    }
}
