using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Millrace.Cluster.Hosting;
using Millrace.Runtime.Clustering;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Millrace.Cluster.Membership;

/// <summary>Who belongs to the cluster, as membership of Orleans tells it. A worker is there when it is active and its metadata has arrived.</summary>
internal sealed class ClusterView : IClusterView, IAsyncDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MetadataPause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly IClusterMembershipService _membership;
    private readonly ISiloMetadataCache _metadata;
    private readonly TimeProvider _time;
    private readonly ILogger<ClusterView> _logger;
    private ImmutableArray<Action<ClusterSnapshot>> _subscribers = [];
    private ClusterSnapshot _current;
    private Task _following = Task.CompletedTask;

    public ClusterView(IClusterMembershipService membership, ISiloMetadataCache metadata, ILocalSiloDetails silo, ClusterSettings settings, TimeProvider time, ILogger<ClusterView> logger)
    {
        _membership = membership;
        _metadata = metadata;
        _time = time;
        _logger = logger;
        var me = WorkerMetadata.Me(silo.SiloAddress, settings);
        _current = new ClusterSnapshot(0, me, [me]);
    }

    public ClusterSnapshot Current
    {
        get
        {
            lock (_lock)
            {
                return _current;
            }
        }
    }

    public IDisposable Subscribe(Action<ClusterSnapshot> changed)
    {
        lock (_lock)
        {
            _subscribers = _subscribers.Add(changed);
        }

        return new Subscription(this, changed);
    }

    /// <summary>Follows membership from now on. The silo runs.</summary>
    public void Start() => _following = Task.Run(() => FollowAsync(_stop.Token));

    public async ValueTask DisposeAsync()
    {
        // The container knows it by two names, and disposes of it for each.
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await FollowUpdatesAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // A view that stands still would keep the dead among the living.
                Log.ViewBroke(_logger, error, RetryPause);
            }

            await Task.Delay(RetryPause, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowUpdatesAsync(CancellationToken cancellationToken)
    {
        var updates = _membership.MembershipUpdates.GetAsyncEnumerator(cancellationToken);
        await using var _ = updates.ConfigureAwait(false);
        var next = updates.MoveNextAsync().AsTask();
        while (true)
        {
            // The metadata of a worker is fetched after it was first seen, and no update tells when it is there.
            bool complete = Publish(_membership.CurrentSnapshot);
            if (complete)
            {
                await next.ConfigureAwait(false);
            }
            else
            {
                await Task.WhenAny(next, Task.Delay(MetadataPause, _time, cancellationToken)).ConfigureAwait(false);
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (next.IsCompleted)
            {
                if (!await next.ConfigureAwait(false))
                {
                    return;
                }

                next = updates.MoveNextAsync().AsTask();
            }
        }
    }

    /// <returns>Whether everything is known of every active worker.</returns>
    private bool Publish(ClusterMembershipSnapshot membership)
    {
        bool complete = true;
        List<WorkerInfo> workers = [];
        foreach (var member in membership.Members.Values.Where(member => member.Status == SiloStatus.Active))
        {
            if (member.SiloAddress.ToParsableString() == _current.Me.Id)
            {
                workers.Add(_current.Me);
            }
            else if (WorkerMetadata.Read(member.SiloAddress, _metadata.GetSiloMetadata(member.SiloAddress)) is { } worker)
            {
                workers.Add(worker);
            }
            else
            {
                complete = false;
            }
        }

        workers.Sort(static (one, other) => string.CompareOrdinal(one.Id, other.Id));
        var previous = _current.Workers;
        if (workers.SequenceEqual(previous))
        {
            return complete;
        }

        ClusterSnapshot snapshot;
        ImmutableArray<Action<ClusterSnapshot>> subscribers;
        lock (_lock)
        {
            snapshot = new ClusterSnapshot(_current.Version + 1, _current.Me, workers);
            _current = snapshot;
            subscribers = _subscribers;
        }

        foreach (var worker in workers.Except(previous))
        {
            Log.WorkerJoined(_logger, worker, worker.Slots, workers.Count);
        }

        foreach (var worker in previous.Except(workers))
        {
            Log.WorkerLeft(_logger, worker, workers.Count);
        }

        // On this one thread after another, so that every subscriber sees them in order.
        foreach (var subscriber in subscribers)
        {
            try
            {
                subscriber(snapshot);
            }
            catch (Exception error)
            {
                Log.SubscriberFailed(_logger, error);
            }
        }

        return complete;
    }

    private sealed class Subscription(ClusterView view, Action<ClusterSnapshot> changed) : IDisposable
    {
        public void Dispose()
        {
            lock (view._lock)
            {
                view._subscribers = view._subscribers.Remove(changed);
            }
        }
    }
}
