using Millrace.Connectors;
using Millrace.Nexmark.Model;

namespace Millrace.Nexmark.Generator;

/// <summary>Emits the events of its lanes, of which it always goes on with the one that is behind the others.</summary>
internal sealed class LaneReader : SourceReader<NexmarkEvent, LaneSplit>
{
    // Few enough for a paced source to be even.
    private const int MostAtOnce = 1024;

    // Of one lane before it is another's turn: few enough for lanes to stay close together. Who bids is not to come long before the auction.
    private const int MostInARow = 64;

    private readonly SourceReaderContext _context;
    private readonly NexmarkGenerator _generator;
    private readonly List<Lane> _lanes = [];
    private readonly double? _perTick;
    private long _start;
    private long _emitted;
    private bool _noMoreSplits;

    public LaneReader(SourceReaderContext context, NexmarkGenerator generator)
    {
        _context = context;
        _generator = generator;
        _perTick = generator.Options.Tps / context.Parallelism / context.TimeProvider.TimestampFrequency;
    }

    public override void Start()
    {
        _start = _generator.Clock.Begin(_context.TimeProvider.GetTimestamp());
        _context.RequestSplit();
    }

    public override void AddSplits(IReadOnlyList<LaneSplit> splits)
    {
        _lanes.AddRange(splits.Select(split => new Lane(split)));
        _context.Wake();
    }

    public override void NoMoreSplits()
    {
        _noMoreSplits = true;
        _context.Wake();
    }

    public override ReadStatus Read(ReaderOutput<NexmarkEvent> output, int maxRecords)
    {
        if (_lanes.Count == 0)
        {
            return _noMoreSplits ? ReadStatus.EndOfInput : ReadStatus.NothingAvailable;
        }

        long allowed = Allowed(Math.Min(maxRecords, MostAtOnce));
        if (allowed == 0)
        {
            return ReadStatus.NothingAvailable;
        }

        long left = allowed;
        while (left > 0 && _lanes.Count > 0)
        {
            left -= ReadLane(output, (int)Math.Min(left, MostInARow));
        }

        _emitted += allowed - left;
        return ReadStatus.MoreAvailable;
    }

    public override IReadOnlyList<LaneSplit> Snapshot(long checkpointId) => [.. _lanes.Select(lane => lane.Split with { Next = lane.Next })];

    /// <summary>Emits events of the lane that is behind the others.</summary>
    /// <returns>How many.</returns>
    private long ReadLane(ReaderOutput<NexmarkEvent> output, int most)
    {
        var lane = _lanes[0];
        foreach (var other in _lanes)
        {
            lane = other.Next < lane.Next ? other : lane;
        }

        lane.Output ??= output.ForSplit(lane.Split.SplitId);
        int lanes = _generator.Options.Lanes;
        long end = (_generator.Options.Events - lane.Split.Lane + lanes - 1) / lanes;
        int count = (int)Math.Min(end - lane.Next, most);
        long place = (lane.Next * lanes) + lane.Split.Lane;
        var generator = _generator;
        for (int left = count; left > 0;)
        {
            var events = lane.Output.GetSpan(left, out var timestamps);
            for (int i = 0; i < events.Length; i++, place += lanes)
            {
                events[i] = generator.Make(place);
                timestamps[i] = events[i].DateTime;
            }

            lane.Output.Advance(events.Length);
            left -= events.Length;
        }

        lane.Next += count;
        if (lane.Next >= end)
        {
            output.ReleaseSplit(lane.Split.SplitId);
            _lanes.Remove(lane);
        }

        return count;
    }

    /// <summary>How many events may be emitted now. A source that was held up catches up: what it is late by is latency.</summary>
    private long Allowed(int wanted)
    {
        if (_perTick is not { } rate)
        {
            return wanted;
        }

        // A few at a time, as they come due, would keep a core busy with looking at the clock: a batch, or what a millisecond brings.
        long due = (long)((_context.TimeProvider.GetTimestamp() - _start) * rate) - _emitted;
        if (due < Math.Clamp(rate * _context.TimeProvider.TimestampFrequency / 1000, 1, wanted))
        {
            _context.WakeAfter(TimeSpan.FromMilliseconds(1));
            return 0;
        }

        return Math.Min(due, wanted);
    }

    private sealed class Lane(LaneSplit split)
    {
        public LaneSplit Split { get; } = split;

        public long Next { get; set; } = split.Next;

        public SourceOutput<NexmarkEvent>? Output { get; set; }
    }
}
