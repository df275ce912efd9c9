namespace Millrace.Connectors;

/// <summary>Hands out the one split of a source that one subtask reads. Its state is the split while nobody has it.</summary>
internal sealed class SingleSplitEnumerator<TSplit>(SplitEnumeratorContext<TSplit> context, TSplit initial, TSplit[]? restored, bool isRestored) : SplitEnumerator<TSplit, TSplit[]>
    where TSplit : ISourceSplit
{
    private readonly Queue<TSplit> _unassigned = new(isRestored ? restored ?? [] : [initial]);

    public override void Start()
    {
    }

    public override void HandleSplitRequest(int subtask)
    {
        if (_unassigned.TryDequeue(out var split))
        {
            context.Assign(split, subtask);
        }

        context.NoMoreSplits(subtask);
    }

    public override void AddSplitsBack(IReadOnlyList<TSplit> splits, int subtask)
    {
        foreach (var split in splits)
        {
            _unassigned.Enqueue(split);
        }
    }

    public override TSplit[] Snapshot(long checkpointId) => [.. _unassigned];
}
