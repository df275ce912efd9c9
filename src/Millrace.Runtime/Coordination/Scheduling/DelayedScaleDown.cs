namespace Millrace.Runtime.Coordination.Scheduling;

/// <summary>A parallelism that was thought to be right at some time.</summary>
/// <param name="Time">When.</param>
/// <param name="Parallelism">The parallelism.</param>
/// <param name="IsOutside">Whether the task had too much then, and not only more than it needed.</param>
internal readonly record struct ScaleDownProposal(long Time, int Parallelism, bool IsOutside);

/// <summary>Lets a task shrink only after an interval in which it never needed what it has, and only to the most that it needed in it.</summary>
/// <param name="interval">In milliseconds.</param>
internal sealed class DelayedScaleDown(long interval)
{
    // Parallelism falls from the first to the last, because what is followed by as much or more is never the most again: the first is the most of the interval.
    private readonly LinkedList<ScaleDownProposal> _proposals = [];
    private long? _since;

    /// <summary>When the interval is over; null where nothing was proposed.</summary>
    public long? DueAt => _since + interval;

    /// <returns>What may be done; null while the interval is not over.</returns>
    public ScaleDownProposal? Propose(ScaleDownProposal proposal)
    {
        _since ??= proposal.Time;
        while (_proposals.Last is { } last && last.Value.Parallelism <= proposal.Parallelism)
        {
            _proposals.RemoveLast();
        }

        _proposals.AddLast(proposal);
        while (_proposals.First!.Value.Time < proposal.Time - interval)
        {
            _proposals.RemoveFirst();
        }

        return proposal.Time >= DueAt ? _proposals.First.Value : null;
    }

    /// <summary>The task needs what it has: the interval begins anew.</summary>
    public void Clear()
    {
        _proposals.Clear();
        _since = null;
    }
}
