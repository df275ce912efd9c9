namespace Millrace.Runtime.Clustering;

/// <summary>
/// Who is alive, without those that a coordinator has just lost: a worker whose connection broke is mostly dead, and the membership needs a moment to see it. One that is still in the membership after that is taken again. Safe
/// for use by several threads.
/// </summary>
internal sealed class TrustedWorkers : IClusterView, IDisposable
{
    private static readonly TimeSpan Suspicion = TimeSpan.FromSeconds(3);

    private readonly IClusterView _cluster;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ITimer> _suspects = new(StringComparer.Ordinal);
    private readonly List<Action<ClusterSnapshot>> _subscribers = [];
    private ClusterSnapshot _current;
    private long _version;
    private bool _isDisposed;

    /// <param name="cluster">Who is alive.</param>
    /// <param name="time">The clock.</param>
    public TrustedWorkers(IClusterView cluster, TimeProvider time)
    {
        _cluster = cluster;
        _time = time;
        _current = cluster.Current;
        _subscription = cluster.Subscribe(_ => Renew());
        Renew();
    }

    public ClusterSnapshot Current
    {
        get
        {
            lock (_gate)
            {
                return _current;
            }
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

        Renew();
    }

    public IDisposable Subscribe(Action<ClusterSnapshot> changed)
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

        Renew();
    }

    private void Renew()
    {
        List<Action<ClusterSnapshot>> subscribers;
        ClusterSnapshot snapshot;
        lock (_gate)
        {
            // The newest one is looked at, whoever comes last: two that are told at once end with the same.
            var known = _cluster.Current;
            _current = snapshot = known with { Version = ++_version, Workers = [.. known.Workers.Where(worker => !_suspects.ContainsKey(worker.Id))] };
            subscribers = [.. _subscribers];
        }

        subscribers.ForEach(subscriber => subscriber(snapshot));
    }

    private sealed class Subscription(TrustedWorkers owner, Action<ClusterSnapshot> changed) : IDisposable
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
