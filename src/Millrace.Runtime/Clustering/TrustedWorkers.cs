namespace Millrace.Runtime.Clustering;

/// <summary>
/// Who is alive, without those that a coordinator has just lost: a worker whose connection broke is mostly dead, and the membership needs a moment to see it. One that is still in the membership after that is taken again. Safe
/// for use by several threads.
/// </summary>
internal sealed class TrustedWorkers : IDisposable
{
    private static readonly TimeSpan Suspicion = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Refusal = TimeSpan.FromSeconds(1);

    private readonly IClusterView _cluster;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _leaving = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ITimer> _suspects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ITimer> _full = new(StringComparer.Ordinal);
    private readonly List<Action> _subscribers = [];
    private IReadOnlyDictionary<string, int>? _granted;
    private bool _isDisposed;

    /// <param name="cluster">Who is alive.</param>
    /// <param name="time">The clock.</param>
    public TrustedWorkers(IClusterView cluster, TimeProvider time)
    {
        _cluster = cluster;
        _time = time;
        _subscription = cluster.Subscribe(_ => Tell());
    }

    /// <summary>Those that subtasks can be given to, with the slots that were granted.</summary>
    public IReadOnlyList<WorkerInfo> Workers
    {
        get
        {
            lock (_gate)
            {
                return _granted is not { } granted ? Usable()
                    : [.. Usable().Select(worker => granted.GetValueOrDefault(worker.Id) is int slots && slots < worker.Slots ? worker with { Slots = slots } : worker).Where(worker => worker.Slots > 0)];
            }
        }
    }

    /// <summary>Those that subtasks could be given to, with all of their slots, whoever may use them.</summary>
    public IReadOnlyList<WorkerInfo> All
    {
        get
        {
            lock (_gate)
            {
                return Usable();
            }
        }
    }

    /// <summary>Whether a worker is alive, though it may be about to leave.</summary>
    public bool IsAlive(WorkerInfo worker)
    {
        lock (_gate)
        {
            return !_suspects.ContainsKey(worker.Id) && _cluster.Current.Workers.Any(other => other.Id == worker.Id);
        }
    }

    /// <summary>Does without a worker for a while.</summary>
    public void Suspect(WorkerInfo worker)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            Without(_suspects, worker, Suspicion);
        }

        Tell();
    }

    /// <summary>Does without a worker for good: it has said that it leaves.</summary>
    public void Leaves(WorkerInfo worker)
    {
        lock (_gate)
        {
            _leaving.Add(worker.Id);
        }

        Tell();
    }

    /// <summary>Uses no more slots than these from now on; before the first call it is all.</summary>
    /// <param name="slots">How many of each worker, by ids.</param>
    public void Grant(IReadOnlyDictionary<string, int> slots)
    {
        lock (_gate)
        {
            _granted = slots;
        }

        Tell();
    }

    /// <summary>Does without a worker for a moment: it has no free slots, whatever was granted.</summary>
    public void Refused(WorkerInfo worker)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            Without(_full, worker, Refusal);
        }

        Tell();
    }

    /// <summary>
    /// Has somebody told whenever <see cref="Workers"/> has changed, who then looks there: what two threads tell at once could come in the wrong order, and what is looked up afterwards is the newest. Must not block.
    /// </summary>
    /// <returns>Ends it.</returns>
    public IDisposable Subscribe(Action changed)
    {
        lock (_gate)
        {
            _subscribers.Add(changed);
        }

        return new Subscription(this, changed);
    }

    public void Dispose()
    {
        _subscription.Dispose();
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var timer in _suspects.Values.Concat(_full.Values))
            {
                timer.Dispose();
            }

            _suspects.Clear();
            _full.Clear();
            _subscribers.Clear();
        }
    }

    private IReadOnlyList<WorkerInfo> Usable() =>
        [.. _cluster.Current.Workers.Where(worker => !_suspects.ContainsKey(worker.Id) && !_full.ContainsKey(worker.Id) && !_leaving.Contains(worker.Id))];

    // Under the lock.
    private void Without(Dictionary<string, ITimer> timers, WorkerInfo worker, TimeSpan time)
    {
        if (timers.Remove(worker.Id, out var old))
        {
            old.Dispose();
        }

        timers[worker.Id] = _time.CreateTimer(_ => Again(timers, worker), null, time, Timeout.InfiniteTimeSpan);
    }

    private void Again(Dictionary<string, ITimer> timers, WorkerInfo worker)
    {
        lock (_gate)
        {
            if (timers.Remove(worker.Id, out var timer))
            {
                timer.Dispose();
            }
        }

        Tell();
    }

    private void Tell()
    {
        List<Action> subscribers;
        lock (_gate)
        {
            subscribers = [.. _subscribers];
        }

        subscribers.ForEach(subscriber => subscriber());
    }

    private sealed class Subscription(TrustedWorkers owner, Action changed) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._gate)
            {
                owner._subscribers.Remove(changed);
            }
        }
    }
}
