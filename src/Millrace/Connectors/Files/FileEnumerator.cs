namespace Millrace.Connectors;

/// <summary>Hands out files, one to whoever asks, in order. Looks for new ones from time to time if it is to.</summary>
internal sealed class FileEnumerator : SplitEnumerator<FileSplit, FileEnumeratorState>
{
    private readonly SplitEnumeratorContext<FileSplit> _context;
    private readonly string _path;
    private readonly TimeSpan? _monitorInterval;
    private readonly FileEnumeratorState? _restored;
    private readonly LinkedList<FileSplit> _unassigned;
    private readonly bool _isPaced;
    private readonly FileLengths _lengths = new();
    private long _unassignedBytes;

    // Every file that was ever found, where new ones are looked for; in the order of their finding, as checkpoints have them.
    private readonly List<string> _found = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    // Readers that have asked and got nothing, in the order of their asking.
    private readonly List<int> _waiting = [];

    /// <param name="context">Hands files to readers.</param>
    /// <param name="path">Where files are.</param>
    /// <param name="monitorInterval">How often new ones are looked for; null for never.</param>
    /// <param name="restored">What an earlier enumerator remembered; null for nothing.</param>
    /// <param name="isPaced">Whether records are read as if they came into being with time: what is in files that no reader has is not due then.</param>
    public FileEnumerator(SplitEnumeratorContext<FileSplit> context, string path, TimeSpan? monitorInterval, FileEnumeratorState? restored, bool isPaced = false)
    {
        _isPaced = isPaced;
        _context = context;
        _path = path;
        _monitorInterval = monitorInterval;
        _restored = restored;
        _unassigned = new LinkedList<FileSplit>(restored?.Unassigned ?? []);
        _unassignedBytes = _unassigned.Sum(_lengths.LeftOf);
    }

    public override long? PendingRecords => _isPaced || _unassigned.Count == 0 ? 0 : null;

    public override long? PendingBytes => _isPaced ? 0 : _unassignedBytes;

    public override void Start()
    {
        if (_monitorInterval is null)
        {
            if (_restored is null)
            {
                Add(FileSet.Resolve(_path));
            }

            return;
        }

        // What was found by a source that did not look for more is in no checkpoint, but for what nobody had yet.
        foreach (string file in (_restored?.Found ?? []).Concat(_unassigned.Select(split => split.Path)))
        {
            Remember(file);
        }

        Look();
    }

    public override void HandleSplitRequest(int subtask)
    {
        if (_unassigned.Count > 0)
        {
            _context.Assign(Next(), subtask);
        }
        else if (_monitorInterval is null)
        {
            _context.NoMoreSplits(subtask);
        }
        else if (!_waiting.Contains(subtask))
        {
            _waiting.Add(subtask);
        }
    }

    public override void AddReader(int subtask)
    {
        // It is a new one where there was one before, and asks for itself.
        _waiting.Remove(subtask);
    }

    public override void AddSplitsBack(IReadOnlyList<FileSplit> splits, int subtask)
    {
        _waiting.Remove(subtask);
        for (int i = splits.Count - 1; i >= 0; i--)
        {
            _unassigned.AddFirst(splits[i]);
            _unassignedBytes += _lengths.LeftOf(splits[i]);
        }

        AssignToWaiting();
    }

    public override FileEnumeratorState Snapshot(long checkpointId) => new([.. _unassigned]) { Found = [.. _found] };

    private void Look()
    {
        Add(FileSet.Resolve(_path, mayBeEmpty: true).Where(Remember));
        AssignToWaiting();
        _context.CallAfter(_monitorInterval!.Value, Look);
    }

    private bool Remember(string file)
    {
        if (!_known.Add(file))
        {
            return false;
        }

        _found.Add(file);
        return true;
    }

    private void Add(IEnumerable<string> files)
    {
        foreach (string file in files)
        {
            var split = new FileSplit(file, 0, 0);
            _unassigned.AddLast(split);
            _unassignedBytes += _lengths.LeftOf(split);
        }
    }

    private void AssignToWaiting()
    {
        while (_waiting.Count > 0 && _unassigned.Count > 0)
        {
            int subtask = _waiting[0];
            _waiting.RemoveAt(0);
            _context.Assign(Next(), subtask);
        }
    }

    /// <summary>Takes out the first.</summary>
    private FileSplit Next()
    {
        var next = _unassigned.First!.Value;
        _unassigned.RemoveFirst();
        _unassignedBytes -= _lengths.LeftOf(next);
        _lengths.Forget(next);
        return next;
    }
}
