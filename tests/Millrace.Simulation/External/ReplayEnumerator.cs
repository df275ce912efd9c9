using Millrace.Connectors;

namespace Millrace.Simulation.External;

/// <summary>Finds the splits of a <see cref="ReplaySource"/>, one at a time where they are handed out on request, and hands them out.</summary>
internal sealed class ReplayEnumerator : SplitEnumerator<ReplaySplit, ReplayState>
{
    private readonly SplitEnumeratorContext<ReplaySplit> _context;
    private readonly ReplayPlan _plan;
    private readonly List<ReplaySplit> _unassigned;
    private int _discovered;

    public ReplayEnumerator(SplitEnumeratorContext<ReplaySplit> context, ReplayPlan plan, ReplayState? restored)
    {
        _context = context;
        _plan = plan;
        _discovered = restored?.Discovered ?? 0;
        _unassigned = [.. restored?.Unassigned ?? []];
    }

    public override void Start()
    {
        _context.SetProcessingBacklog(_plan.HasBacklog && !(_plan.OnRequest && _discovered == _plan.Splits.Count));
        if (!_plan.OnRequest)
        {
            while (Discover())
            {
            }
        }
    }

    public override void AddReader(int subtask)
    {
        if (!_plan.OnRequest)
        {
            AssignOwn(subtask);
            _context.NoMoreSplits(subtask);
        }
    }

    public override void HandleSplitRequest(int subtask)
    {
        if (_unassigned.Count == 0 && !Discover())
        {
            _context.NoMoreSplits(subtask);
            return;
        }

        // The earliest first: one that came back must not be read behind later ones by the same reader.
        var split = _unassigned.MinBy(candidate => candidate.Index)!;
        _unassigned.Remove(split);
        _context.Assign(split, subtask);
    }

    public override void AddSplitsBack(IReadOnlyList<ReplaySplit> splits, int subtask)
    {
        foreach (var split in splits)
        {
            if (_unassigned.Exists(other => other.Index == split.Index))
            {
                throw new InvalidOperationException($"Split {split.Index} came back, but no reader had it.");
            }

            _unassigned.Add(split);
        }
    }

    public override ReplayState Snapshot(long checkpointId) => new(_discovered, [.. _unassigned]);

    private bool Discover()
    {
        if (_discovered == _plan.Splits.Count)
        {
            return false;
        }

        _unassigned.Add(new ReplaySplit(_discovered++, 0));
        if (_plan.OnRequest && _plan.HasBacklog && _discovered == _plan.Splits.Count)
        {
            _context.SetProcessingBacklog(false);
        }

        return true;
    }

    private void AssignOwn(int subtask)
    {
        foreach (var split in _unassigned.Where(split => split.Index % _context.Parallelism == subtask).ToList())
        {
            _unassigned.Remove(split);
            _context.Assign(split, subtask);
        }
    }
}
