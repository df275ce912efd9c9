using System.Globalization;
using Millrace.Connectors;
using Millrace.Runtime.State.Snapshots;

namespace Millrace.StateProcessing;

/// <summary>Some key groups of a savepoint, and how many of their entries have been read.</summary>
/// <param name="Index">Which of the runs of key groups.</param>
/// <param name="Next">How many results have been emitted.</param>
internal sealed record SavepointSplit(int Index, long Next) : ISourceSplit
{
    public string SplitId => Index.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A bounded source over the keyed state of one operator of a savepoint: its splits are runs of key groups.</summary>
internal sealed class SavepointSource<T>(SavepointReader savepoint, string uid, KeyedReading<T> reading) : Source<T, SavepointSplit, List<SavepointSplit>>
{
    private readonly Lock _gate = new();
    private IReadOnlyList<KeyedRun>? _runs;

    public override Boundedness Boundedness => Boundedness.Bounded;

    private KeyedReading<T> Reading => reading;

    private IReadOnlyList<KeyedRun> Runs
    {
        get
        {
            lock (_gate)
            {
                return _runs ??= KeyedPlan.Of(savepoint.Files, uid, reading.States);
            }
        }
    }

    public override void Validate() => savepoint.Files.Operator(uid);

    public override SplitEnumerator<SavepointSplit, List<SavepointSplit>> CreateEnumerator(
        SplitEnumeratorContext<SavepointSplit> context, List<SavepointSplit>? restored, bool isRestored) =>
        new Enumerator(context, isRestored && restored is not null ? restored : [.. Runs.Select((_, index) => new SavepointSplit(index, 0))]);

    public override SourceReader<T, SavepointSplit> CreateReader(SourceReaderContext context) => new Reader(context, this);

    private CanonicalStateReader Open(SavepointSplit split) => savepoint.Files.Open(uid, savepoint.Files.HandlesOf(uid)[Runs[split.Index].Handle]);

    /// <summary>Gives the next run to whoever asks: they are not equally large.</summary>
    private sealed class Enumerator(SplitEnumeratorContext<SavepointSplit> context, List<SavepointSplit> waiting) : SplitEnumerator<SavepointSplit, List<SavepointSplit>>
    {
        private readonly Queue<SavepointSplit> _waiting = new(waiting);

        public override void Start()
        {
        }

        public override void HandleSplitRequest(int subtask)
        {
            if (_waiting.TryDequeue(out var split))
            {
                context.Assign(split, subtask);
            }
            else
            {
                context.NoMoreSplits(subtask);
            }
        }

        public override void AddSplitsBack(IReadOnlyList<SavepointSplit> splits, int subtask)
        {
            foreach (var split in splits)
            {
                _waiting.Enqueue(split);
            }
        }

        public override List<SavepointSplit> Snapshot(long checkpointId) => [.. _waiting];
    }

    private sealed class Reader(SourceReaderContext context, SavepointSource<T> source) : SourceReader<T, SavepointSplit>
    {
        private readonly Queue<SavepointSplit> _waiting = new();
        private SavepointSplit? _current;
        private CanonicalStateReader? _snapshot;
        private IEnumerator<T>? _results;
        private long _next;
        private bool _requested;
        private bool _noMoreSplits;

        public override void AddSplits(IReadOnlyList<SavepointSplit> splits)
        {
            foreach (var split in splits)
            {
                _waiting.Enqueue(split);
            }

            _requested = false;
            context.Wake();
        }

        public override void NoMoreSplits()
        {
            _noMoreSplits = true;
            context.Wake();
        }

        public override ReadStatus Read(ReaderOutput<T> output, int maxRecords)
        {
            if (_results is null && !Begin())
            {
                if (_noMoreSplits)
                {
                    return ReadStatus.EndOfInput;
                }

                if (!_requested)
                {
                    _requested = true;
                    context.RequestSplit();
                }

                return ReadStatus.NothingAvailable;
            }

            for (int emitted = 0; emitted < maxRecords; emitted++)
            {
                if (!_results!.MoveNext())
                {
                    End();
                    break;
                }

                _next++;
                output.Collect(_results.Current);
            }

            return ReadStatus.MoreAvailable;
        }

        public override IReadOnlyList<SavepointSplit> Snapshot(long checkpointId) => _current is null ? [.. _waiting] : [_current with { Next = _next }, .. _waiting];

        public override void Close() => End();

        private bool Begin()
        {
            if (!_waiting.TryDequeue(out _current))
            {
                return false;
            }

            _snapshot = source.Open(_current);
            _results = source.Reading.Read(_snapshot, source.Runs[_current.Index].Groups).GetEnumerator();
            _next = 0;

            // Results have the same order each time.
            while (_next < _current.Next && _results.MoveNext())
            {
                _next++;
            }

            return true;
        }

        private void End()
        {
            _results?.Dispose();
            _snapshot?.Dispose();
            _results = null;
            _snapshot = null;
            _current = null;
        }
    }
}
