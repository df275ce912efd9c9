namespace Millrace.Runtime.Clustering;

/// <summary>
/// Who is alive, without those that a coordinator has just lost: a worker whose connection broke is mostly dead, and the membership needs a moment to see it. One that is still in the membership after that is taken again. Safe
/// for use by several threads.
/// </summary>
internal sealed class TrustedWorkers : IDisposable
{
    private static readonly TimeSpan Suspicion = TimeSpan.FromSeconds(3);

    private readonly IClusterView _cluster;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _leaving = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ITimer> _suspects = new(StringComparer.Ordinal);
    private readonly List<Action> _subscribers = [];
    private bool _isDisposed;

    /// <param name="cluster">Who is alive.</param>
    /// <param name="time">The clock.</param>
    public TrustedWorkers(IClusterView cluster, TimeProvider time)
    {
        _cluster = cluster;
        _time = time;
        _subscription = cluster.Subscribe(_ => Tell());
    }

    /// <summary>Those that subtasks can be given to.</summary>
    public IReadOnlyList<WorkerInfo> Workers
    {
        get
        {
            lock (_gate)
            {
                return [.. _cluster.Current.Workers.Where(worker => !_suspects.ContainsKey(worker.Id) && !_leaving.Contains(worker.Id))];
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

            if (_suspects.Remove(worker.Id, out var old))
            {
                old.Dispose();
            }

            _suspects[worker.Id] = _time.CreateTimer(_ => Trust(worker), null, Suspicion, Timeout.InfiniteTimeSpan);
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
            foreach (var timer in _suspects.Values)
            {
                timer.Dispose();
            }

            _suspects.Clear();
            _subscribers.Clear();
        }
    }

    private void Trust(WorkerInfo worker)
    {
        lock (_gate)
        {
            if (_suspects.Remove(worker.Id, out var timer))
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
