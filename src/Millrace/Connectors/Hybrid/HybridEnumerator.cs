namespace Millrace.Connectors;

/// <summary>Runs the enumerator of the first source until all readers have read it to its end, and then that of the second.</summary>
internal sealed class HybridEnumerator<T, TFirst, TFirstState, TSecond, TSecondState> : SplitEnumerator<HybridSplit<TFirst, TSecond>, HybridEnumeratorState<TFirstState, TSecondState>>
    where TFirst : ISourceSplit
    where TSecond : ISourceSplit
{
    private readonly SplitEnumeratorContext<HybridSplit<TFirst, TSecond>> _context;
    private readonly Source<T, TFirst, TFirstState> _firstSource;
    private readonly Source<T, TSecond, TSecondState> _secondSource;
    private readonly HybridEnumeratorState<TFirstState, TSecondState>? _restored;

    // Readers that run, that have been told that there is no more of the first source, that have read it to its end, and that have begun with the second.
    private readonly HashSet<int> _readers = [];
    private readonly HashSet<int> _toldNoMore = [];
    private readonly HashSet<int> _finished = [];
    private readonly HashSet<int> _begun = [];

    // Splits of the first source that came back behind the switch.
    private readonly Queue<TFirst> _returned = new();
    private SplitEnumerator<TFirst, TFirstState>? _first;
    private SplitEnumerator<TSecond, TSecondState>? _second;

    public HybridEnumerator(
        SplitEnumeratorContext<HybridSplit<TFirst, TSecond>> context,
        Source<T, TFirst, TFirstState> first,
        Source<T, TSecond, TSecondState> second,
        HybridEnumeratorState<TFirstState, TSecondState>? restored)
    {
        _context = context;
        _firstSource = first;
        _secondSource = second;
        _restored = restored;
    }

    public override long? PendingRecords => _second is null ? _first?.PendingRecords : _returned.Count > 0 ? null : _second.PendingRecords;

    public override long? PendingBytes => _second is null ? _first?.PendingBytes : _second.PendingBytes;

    public override void Start()
    {
        if (_restored is { HasSwitched: true })
        {
            BeginSecond(_restored.Second, isRestored: true);
        }
        else
        {
            _first = _firstSource.CreateEnumerator(new FirstContext(this), _restored is null ? default : _restored.First, _restored is not null);
            _first.Start();
        }
    }

    public override void AddReader(int subtask)
    {
        _readers.Add(subtask);
        _toldNoMore.Remove(subtask);
        _finished.Remove(subtask);
        _begun.Remove(subtask);
        _first?.AddReader(subtask);
        _second?.AddReader(subtask);
    }

    public override void HandleSplitRequest(int subtask)
    {
        if (_second is not null)
        {
            if (!_begun.Contains(subtask) && _returned.TryDequeue(out var returned))
            {
                _context.Assign(new HybridSplit<TFirst, TSecond>(HybridSplitKind.First, returned, default), subtask);
            }
            else if (_begun.Add(subtask))
            {
                // The reader may stand before the switch as far as it knows; when it has begun, it asks for itself.
                _context.Assign(new HybridSplit<TFirst, TSecond>(HybridSplitKind.BeginSecond, default, default), subtask);
            }
            else
            {
                _second.HandleSplitRequest(subtask);
            }
        }
        else if (_toldNoMore.Contains(subtask))
        {
            // It asks again only when it has read all that it had.
            _finished.Add(subtask);
            if (_finished.Count == _context.Parallelism)
            {
                Switch();
            }
        }
        else
        {
            _first!.HandleSplitRequest(subtask);
        }
    }

    public override void AddSplitsBack(IReadOnlyList<HybridSplit<TFirst, TSecond>> splits, int subtask)
    {
        _toldNoMore.Remove(subtask);
        _finished.Remove(subtask);
        _begun.Remove(subtask);
        if (splits.Where(split => split.Kind == HybridSplitKind.First).Select(split => split.First!).ToList() is { Count: > 0 } first)
        {
            if (_first is not null)
            {
                _first.AddSplitsBack(first, subtask);
            }
            else
            {
                // The reader goes back to a checkpoint before the switch; it reads them again before it begins with the second source, as it did.
                first.ForEach(_returned.Enqueue);
            }
        }

        if (splits.Where(split => split.Kind == HybridSplitKind.Second).Select(split => split.Second!).ToList() is { Count: > 0 } second)
        {
            _second!.AddSplitsBack(second, subtask);
        }
    }

    public override HybridEnumeratorState<TFirstState, TSecondState> Snapshot(long checkpointId) => new(
        _second is not null, _second is null ? _first!.Snapshot(checkpointId) : default, _second is null ? default : _second.Snapshot(checkpointId));

    public override void Close()
    {
        _first?.Close();
        _second?.Close();
    }

    private void Switch()
    {
        _first!.Close();
        _first = null;
        BeginSecond(default, isRestored: false);
        foreach (int subtask in _readers)
        {
            _second!.AddReader(subtask);
        }

        foreach (int subtask in _finished)
        {
            _begun.Add(subtask);
            _context.Assign(new HybridSplit<TFirst, TSecond>(HybridSplitKind.BeginSecond, default, default), subtask);
        }

        _finished.Clear();
    }

    private void BeginSecond(TSecondState? restored, bool isRestored)
    {
        _second = _secondSource.CreateEnumerator(new SecondContext(this), restored, isRestored);
        _second.Start();
    }

    private sealed class FirstContext(HybridEnumerator<T, TFirst, TFirstState, TSecond, TSecondState> owner) : SplitEnumeratorContext<TFirst>
    {
        public override int Parallelism => owner._context.Parallelism;

        public override TimeProvider TimeProvider => owner._context.TimeProvider;

        public override void Assign(TFirst split, int subtask) => owner._context.Assign(new HybridSplit<TFirst, TSecond>(HybridSplitKind.First, split, default), subtask);

        public override void NoMoreSplits(int subtask)
        {
            owner._toldNoMore.Add(subtask);
            owner._context.Assign(new HybridSplit<TFirst, TSecond>(HybridSplitKind.NoMoreOfFirst, default, default), subtask);
        }

        public override void CallAfter(TimeSpan delay, Action action) => owner._context.CallAfter(delay, () =>
        {
            if (owner._first is not null)
            {
                action();
            }
        });

        public override void SetProcessingBacklog(bool isProcessingBacklog) => owner._context.SetProcessingBacklog(isProcessingBacklog);
    }

    private sealed class SecondContext(HybridEnumerator<T, TFirst, TFirstState, TSecond, TSecondState> owner) : SplitEnumeratorContext<TSecond>
    {
        public override int Parallelism => owner._context.Parallelism;

        public override TimeProvider TimeProvider => owner._context.TimeProvider;

        public override void Assign(TSecond split, int subtask) => owner._context.Assign(new HybridSplit<TFirst, TSecond>(HybridSplitKind.Second, default, split), subtask);

        public override void NoMoreSplits(int subtask) => owner._context.NoMoreSplits(subtask);

        public override void CallAfter(TimeSpan delay, Action action) => owner._context.CallAfter(delay, action);

        public override void SetProcessingBacklog(bool isProcessingBacklog) => owner._context.SetProcessingBacklog(isProcessingBacklog);
    }
}
