namespace Millrace.Connectors;

/// <summary>Reads ranges of positions, one range after the other.</summary>
internal abstract class RangeReader<T>(SourceReaderContext context) : SourceReader<T, RangeSplit>
{
    private readonly Queue<RangeSplit> _waiting = new();
    private RangeSplit? _current;
    private SourceOutput<T>? _output;
    private long _next;
    private bool _requested;
    private bool _noMoreSplits;

    protected SourceReaderContext Context { get; } = context;

    public override long? PendingRecords => DueOf((_current is null ? 0 : _current.End - _next) + _waiting.Sum(static split => split.End - split.Next));

    public override void AddSplits(IReadOnlyList<RangeSplit> splits)
    {
        foreach (var split in splits)
        {
            _waiting.Enqueue(split);
        }

        _requested = false;
        Context.Wake();
    }

    public override void NoMoreSplits()
    {
        _noMoreSplits = true;
        Context.Wake();
    }

    public override ReadStatus Read(ReaderOutput<T> output, int maxRecords)
    {
        if (_current is null)
        {
            if (!_waiting.TryDequeue(out _current))
            {
                if (_noMoreSplits)
                {
                    return ReadStatus.EndOfInput;
                }

                if (!_requested)
                {
                    _requested = true;
                    Context.RequestSplit();
                }

                return ReadStatus.NothingAvailable;
            }

            _next = _current.Next;
            _output = output.ForSplit(_current.SplitId);
        }

        long allowed = Math.Min(Math.Max(1, maxRecords), _current.End - _next);
        long granted = Grant(allowed);
        if (granted > 0)
        {
            Emit(_output!, _next, _next + granted);
            _next += granted;
        }

        if (_next >= _current.End)
        {
            output.ReleaseSplit(_current.SplitId);
            _current = null;
            return ReadStatus.MoreAvailable;
        }

        return granted < allowed ? ReadStatus.NothingAvailable : ReadStatus.MoreAvailable;
    }

    public override IReadOnlyList<RangeSplit> Snapshot(long checkpointId) =>
        _current is null ? [.. _waiting] : [_current with { Next = _next }, .. _waiting];

    /// <summary>Emits the records of a run of positions.</summary>
    protected abstract void Emit(SourceOutput<T> output, long from, long end);

    /// <summary>How many of the records that its ranges hold could be emitted now; null where that cannot be said.</summary>
    protected virtual long? DueOf(long left) => left;

    /// <summary>How many records may be emitted now; a reader that grants less than wanted has arranged to be woken.</summary>
    protected virtual long Grant(long wanted) => wanted;
}
