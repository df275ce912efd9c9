using System.Runtime.InteropServices;
using Millrace.Benchmarks.Harness;
using Millrace.Runtime.Operators;
using Millrace.State;

namespace Millrace.Benchmarks.Parts;

/// <summary>Records with keys that are spread evenly over a number of keys.</summary>
internal static class KeyedRecords
{
    // Four million, so that two million keys are all touched and the order does not repeat soon.
    public const int Prepared = 1 << 22;

    public static Feed<Event> Feed(long keys) => new(i => Make(i, keys), Prepared);

    public static Event Make(int index, long keys) => new(Scrambled.Below(index, keys), index);
}

/// <summary>Counts with a dictionary, by reference: what one would write without an engine.</summary>
internal sealed class DictionaryCount(long keys) : SynchronousPart
{
    private readonly Feed<Event> _feed = KeyedRecords.Feed(keys);
    private readonly Dictionary<long, long> _counts = [];

    public override void Run(long records)
    {
        for (long done = 0; done < records; done += Feed<Event>.BatchSize)
        {
            foreach (ref readonly var record in _feed.NextSpan())
            {
                CollectionsMarshal.GetValueRefOrAddDefault(_counts, record.Key, out _)++;
            }
        }
    }
}

/// <summary>Counts in keyed state, as a user's function would.</summary>
internal sealed class CountFunction : KeyedProcessFunction<long, Event, Event>
{
    private ValueState<long> _count = null!;

    public override void Open(RuntimeContext context) => _count = context.GetState(new ValueStateDescriptor<long>("count"));

    public override void ProcessElement(Event value, KeyedProcessContext<long> context, Collector<Event> output) => _count.GetOrAdd()++;
}

/// <summary>The keyed count of a process function.</summary>
internal sealed class KeyedCount : SynchronousPart
{
    private readonly Feed<Event> _feed;
    private readonly KeyedProcessOperator<long, Event, Event> _operator;

    public KeyedCount(long keys)
    {
        _feed = KeyedRecords.Feed(keys);
        _operator = OperatorHost.Open(new KeyedProcessOperator<long, Event, Event>(e => e.Key, new CountFunction()), new Counter<Event>());
    }

    public override void Run(long records)
    {
        for (long done = 0; done < records; done += Feed<Event>.BatchSize)
        {
            _operator.Receive(_feed.NextBatch());
        }
    }

    public override void Dispose() => _operator.Close();
}

/// <summary>A rolling sum by key: one result a record.</summary>
internal sealed class KeyedReduce : SynchronousPart
{
    private readonly Feed<Event> _feed;
    private readonly ReduceOperator<long, Event> _operator;

    public KeyedReduce(long keys)
    {
        _feed = KeyedRecords.Feed(keys);
        _operator = OperatorHost.Open(
            new ReduceOperator<long, Event>(e => e.Key, (a, b) => a with { Value = a.Value + b.Value }, null), new Counter<Event>());
    }

    public override void Run(long records)
    {
        for (long done = 0; done < records; done += Feed<Event>.BatchSize)
        {
            _operator.Receive(_feed.NextBatch());
        }
    }

    public override void Dispose() => _operator.Close();
}
