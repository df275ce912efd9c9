namespace Millrace.Connectors;

/// <summary>Hands out files, one to whoever asks, in order.</summary>
internal sealed class FileEnumerator(SplitEnumeratorContext<FileSplit> context, string path, FileEnumeratorState? restored)
    : SplitEnumerator<FileSplit, FileEnumeratorState>
{
    private readonly LinkedList<FileSplit> _unassigned = new(restored?.Unassigned ?? []);

    public override void Start()
    {
        if (restored is null)
        {
            foreach (string file in FileSet.Resolve(path))
            {
                _unassigned.AddLast(new FileSplit(file, 0, 0));
            }
        }
    }

    public override void HandleSplitRequest(int subtask)
    {
        if (_unassigned.First is { } next)
        {
            _unassigned.RemoveFirst();
            context.Assign(next.Value, subtask);
        }
        else
        {
            context.NoMoreSplits(subtask);
        }
    }

    public override void AddSplitsBack(IReadOnlyList<FileSplit> splits, int subtask)
    {
        for (int i = splits.Count - 1; i >= 0; i--)
        {
            _unassigned.AddFirst(splits[i]);
        }
    }

    public override FileEnumeratorState Snapshot(long checkpointId) => new([.. _unassigned]);
}
