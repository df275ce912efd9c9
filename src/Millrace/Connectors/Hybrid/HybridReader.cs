namespace Millrace.Connectors;

/// <summary>Reads the first source's splits to their end and then, when all readers have come so far, the second's.</summary>
internal sealed class HybridReader<T, TFirst, TFirstState, TSecond, TSecondState> : SourceReader<T, HybridSplit<TFirst, TSecond>>
    where TFirst : ISourceSplit
    where TSecond : ISourceSplit
{
    private readonly SourceReaderContext _context;
    private readonly Source<T, TSecond, TSecondState> _secondSource;
    private readonly HybridOutput<T> _firstOutput = new(HybridSplit.First);
    private readonly HybridOutput<T> _secondOutput = new(HybridSplit.Second);

    // Splits of the second source that are there before it has begun, and those that are to wait for others.
    private readonly List<TSecond> _early = [];
    private readonly HashSet<string> _paused = [];

    // What only tells something is a split to the engine, whose watermark it must not hold back.
    private readonly List<string> _told = [];
    private SourceReader<T, TFirst>? _first;
    private SourceReader<T, TSecond>? _second;
    private bool _mayBegin;
    private bool _noMoreOfSecond;

    public HybridReader(SourceReaderContext context, Source<T, TFirst, TFirstState> first, Source<T, TSecond, TSecondState> second)
    {
        _context = context;
        _secondSource = second;
        _first = first.CreateReader(context);
    }

    // Of the source that it reads now: what the second will hold is not known before it has begun.
    public override long? PendingRecords => _first is not null ? _first.PendingRecords : _second is not null ? _second.PendingRecords : 0;

    public override long? PendingBytes => _first is not null ? _first.PendingBytes : _second?.PendingBytes;

    public override void Start() => _first!.Start();

    public override void AddSplits(IReadOnlyList<HybridSplit<TFirst, TSecond>> splits)
    {
        foreach (var split in splits)
        {
            switch (split.Kind)
            {
                case HybridSplitKind.First:
                    _first!.AddSplits([split.First!]);
                    break;

                case HybridSplitKind.NoMoreOfFirst:
                    _told.Add(split.SplitId);
                    _first?.NoMoreSplits();
                    break;

                case HybridSplitKind.Second when _second is not null:
                    _second.AddSplits([split.Second!]);
                    break;

                case HybridSplitKind.Second:
                    // Restored behind the switch.
                    _early.Add(split.Second!);
                    MayBegin();
                    break;

                default:
                    _told.Add(split.SplitId);
                    if (_second is null)
                    {
                        MayBegin();
                    }
                    else
                    {
                        // It was the answer to what the second reader had asked for.
                        _context.RequestSplit();
                    }

                    break;
            }
        }

        _context.Wake();
    }

    public override void NoMoreSplits()
    {
        _noMoreOfSecond = true;
        if (_second is null)
        {
            // No more of anything: a hybrid source within another hears so when the outer one is restored behind its switch, and the first reader's request is never answered otherwise.
            MayBegin();
        }
        else
        {
            _second.NoMoreSplits();
        }

        _context.Wake();
    }

    public override ReadStatus Read(ReaderOutput<T> output, int maxRecords)
    {
        foreach (string told in _told)
        {
            output.ReleaseSplit(told);
        }

        _told.Clear();
        if (_first is not null)
        {
            _firstOutput.Target = output;
            var status = _first.Read(_firstOutput, maxRecords);
            if (status != ReadStatus.EndOfInput)
            {
                return status;
            }

            _first.Close();
            _first = null;
            if (!_mayBegin)
            {
                // Says that this reader has come to the end of the first source.
                _context.RequestSplit();
            }
        }

        if (_second is null)
        {
            if (!_mayBegin)
            {
                return ReadStatus.NothingAvailable;
            }

            BeginSecond();
        }

        _secondOutput.Target = output;
        return _second!.Read(_secondOutput, maxRecords);
    }

    public override void PauseOrResumeSplits(IReadOnlyList<string> splitsToPause, IReadOnlyList<string> splitsToResume)
    {
        PauseOrResume(_first, HybridSplit.First, splitsToPause, splitsToResume);
        PauseOrResume(_second, HybridSplit.Second, splitsToPause, splitsToResume);
        _paused.ExceptWith(HybridSplit.Within(HybridSplit.Second, splitsToResume));
        _paused.UnionWith(HybridSplit.Within(HybridSplit.Second, splitsToPause));
    }

    public override IReadOnlyList<HybridSplit<TFirst, TSecond>> Snapshot(long checkpointId) =>
    [
        .. _first?.Snapshot(checkpointId).Select(split => new HybridSplit<TFirst, TSecond>(HybridSplitKind.First, split, default)) ?? [],
        .. (_second?.Snapshot(checkpointId) ?? _early).Select(split => new HybridSplit<TFirst, TSecond>(HybridSplitKind.Second, default, split)),
    ];

    public override void CheckpointCompleted(long checkpointId)
    {
        _first?.CheckpointCompleted(checkpointId);
        _second?.CheckpointCompleted(checkpointId);
    }

    public override void Close()
    {
        _first?.Close();
        _second?.Close();
    }

    private void MayBegin()
    {
        _mayBegin = true;
        _first?.NoMoreSplits();
    }

    private void BeginSecond()
    {
        _second = _secondSource.CreateReader(_context);
        if (_early.Count > 0)
        {
            _second.AddSplits([.. _early]);
            _early.Clear();
        }

        _second.Start();
        if (_paused.Count > 0)
        {
            _second.PauseOrResumeSplits([.. _paused.Order(StringComparer.Ordinal)], []);
        }

        if (_noMoreOfSecond)
        {
            _second.NoMoreSplits();
        }
    }

    private static void PauseOrResume<TSplit>(SourceReader<T, TSplit>? reader, string prefix, IReadOnlyList<string> splitsToPause, IReadOnlyList<string> splitsToResume)
        where TSplit : ISourceSplit
    {
        string[] pause = [.. HybridSplit.Within(prefix, splitsToPause)];
        string[] resume = [.. HybridSplit.Within(prefix, splitsToResume)];
        if (pause.Length + resume.Length > 0)
        {
            reader?.PauseOrResumeSplits(pause, resume);
        }
    }
}
