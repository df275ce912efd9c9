using Millrace.Connectors;

namespace Millrace.Simulation.External;

/// <summary>Reads splits of a <see cref="ReplaySource"/>, all that it has side by side.</summary>
internal sealed class ReplayReader(SourceReaderContext context, ReplayPlan plan) : SourceReader<Item, ReplaySplit>
{
    private readonly List<Progress> _splits = [];
    private uint _turn;
    private bool _noMore;
    private bool _requested;

    public override void AddSplits(IReadOnlyList<ReplaySplit> splits)
    {
        foreach (var split in splits)
        {
            if (_splits.Exists(other => other.Index == split.Index))
            {
                throw new InvalidOperationException($"Split {split.Index} was given to a reader that has it.");
            }

            _splits.Add(new Progress(split));
        }

        _requested = false;
    }

    public override void NoMoreSplits() => _noMore = true;

    public override ReadStatus Read(ReaderOutput<Item> output, int maxRecords)
    {
        if (_splits.Count == 0)
        {
            if (_noMore)
            {
                return ReadStatus.EndOfInput;
            }

            if (plan.OnRequest && !_requested)
            {
                _requested = true;
                context.RequestSplit();
            }

            return ReadStatus.NothingAvailable;
        }

        // By the clock that never jumps.
        long now = context.TimeProvider.GetTimestamp();
        var next = TimeSpan.MaxValue;
        for (int i = 0; i < _splits.Count; i++)
        {
            var split = _splits[(int)(_turn++ % (uint)_splits.Count)];
            var wait = split.RestsSince is { } since ? plan.Pause - context.TimeProvider.GetElapsedTime(since, now) : TimeSpan.Zero;
            if (split.IsPaused)
            {
                continue;
            }

            if (wait > TimeSpan.Zero)
            {
                next = wait < next ? wait : next;
                continue;
            }

            Give(split, output, maxRecords);
            return ReadStatus.MoreAvailable;
        }

        if (next != TimeSpan.MaxValue)
        {
            context.WakeAfter(next);
        }

        return ReadStatus.NothingAvailable;
    }

    public override void PauseOrResumeSplits(IReadOnlyList<string> splitsToPause, IReadOnlyList<string> splitsToResume)
    {
        foreach (var split in _splits)
        {
            split.IsPaused = (split.IsPaused || splitsToPause.Contains(split.SplitId)) && !splitsToResume.Contains(split.SplitId);
        }

        context.Wake();
    }

    public override IReadOnlyList<ReplaySplit> Snapshot(long checkpointId) => [.. _splits.Select(split => new ReplaySplit(split.Index, split.Position))];

    private void Give(Progress split, ReaderOutput<Item> output, int maxRecords)
    {
        var items = plan.Splits[split.Index];
        int end = Math.Min(items.Length, split.Position + Math.Min(plan.Burst, maxRecords));
        var into = output.ForSplit(split.SplitId);
        for (; split.Position < end; split.Position++)
        {
            into.Collect(items[split.Position], items[split.Position].Time);
        }

        if (split.Position == items.Length)
        {
            _splits.Remove(split);
            output.ReleaseSplit(split.SplitId);
        }
        else
        {
            split.RestsSince = context.TimeProvider.GetTimestamp();
        }
    }

    private sealed class Progress(ReplaySplit split)
    {
        public int Index { get; } = split.Index;

        public string SplitId { get; } = split.SplitId;

        public int Position { get; set; } = split.Position;

        public bool IsPaused { get; set; }

        public long? RestsSince { get; set; }
    }
}
