using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;
using Message = Millrace.Runtime.Clustering.ControlMessage;

namespace Millrace.Runtime.Clustering;

/// <summary>
/// Makes the subtasks of a job on the workers of a cluster: the coordinator's side. Waits for slots, deals subtasks out, sends orders, and passes on what workers report. A worker is lost when its connection breaks or when
/// the membership does not know it any more, whichever comes first.
/// </summary>
internal sealed partial class DistributedHost : IJobHost, IDisposable
{
    private readonly JobGraph _job;
    private readonly ControlConnectionKey _key;
    private readonly TrustedWorkers _cluster;
    private readonly IDataPlane _dataPlane;
    private readonly ISerializerProvider _serializers;
    private readonly ITaskScheduler _scheduler;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Link> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<SubtaskId, WorkerInfo> _placement = [];
    private readonly List<Reservation> _waiting = [];
    private readonly SlotDemand _demand;
    private readonly Dictionary<SubtaskId, string> _previous = [];
    private readonly IDisposable _subscription;
    private bool _isDisposed;

    /// <param name="job">The job.</param>
    /// <param name="key">Its name, and the number of this coordinator.</param>
    /// <param name="cluster">Who is alive.</param>
    /// <param name="dataPlane">Dials workers.</param>
    /// <param name="serializers">Gives serializers of splits.</param>
    /// <param name="scheduler">Its clock is used.</param>
    /// <param name="loggers">Makes loggers.</param>
    public DistributedHost(
        JobGraph job,
        ControlConnectionKey key,
        TrustedWorkers cluster,
        IDataPlane dataPlane,
        ISerializerProvider serializers,
        ITaskScheduler scheduler,
        ILoggerFactory loggers)
    {
        _job = job;
        _key = key;
        _cluster = cluster;
        _dataPlane = dataPlane;
        _serializers = serializers;
        _scheduler = scheduler;
        _demand = SlotDemand.Of(job);
        _logger = loggers.CreateLogger("Millrace.Job");
        _subscription = cluster.Subscribe(ClusterChanged);
    }

    public bool IsDistributed => true;

    /// <summary>Whether slots are taken from all workers alike, or from as few as possible.</summary>
    public SlotPlacement Policy { get; init; }

    /// <summary>Where subtasks are, or were when they ran last, by the names of workers. To begin with: in an earlier execution.</summary>
    public IReadOnlyDictionary<SubtaskId, string> Previous
    {
        get
        {
            lock (_gate)
            {
                var previous = new Dictionary<SubtaskId, string>(_previous);
                foreach (var (subtask, worker) in _placement)
                {
                    previous[subtask] = worker.Name;
                }

                return previous;
            }
        }

        init
        {
            foreach (var (subtask, worker) in value)
            {
                _previous[subtask] = worker;
            }
        }
    }

    /// <summary>How often workers tell what their subtasks have counted; null for never.</summary>
    public TimeSpan? MeasureInterval { get; init; }

    /// <summary>Where the job comes from; null where workers have it themselves.</summary>
    public JobProgram? Program { get; init; }

    /// <summary>Told when subtasks that are to be made find no room. They wait until there is, for as long as whoever hears of it lets them. Called on any thread.</summary>
    public Action? NoRoom { get; init; }

    /// <summary>
    /// Told when a worker has no slots for subtasks that it was to make, with why; by then all of the job is to be asked to stop, since nothing has failed. Null: it counts as a failure. Called on any thread.
    /// </summary>
    public Action<WorkerInfo, string>? Refused { get; init; }

    /// <summary>Told when a worker wants to leave, to whom it goes on being of use until <see cref="LetGo"/>. Null: it is let go at once. Called on any thread.</summary>
    public Action<WorkerInfo>? Leaving { get; init; }

    /// <summary>Where subtasks are. A copy.</summary>
    public IReadOnlyDictionary<SubtaskId, WorkerInfo> Placement
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<SubtaskId, WorkerInfo>(_placement);
            }
        }
    }

    /// <summary>How many slots of each worker, by ids, are taken.</summary>
    public IReadOnlyDictionary<string, int> SlotsInUse
    {
        get
        {
            lock (_gate)
            {
                return _placement.Select(place => (place.Value.Id, Slot: _demand.SlotOf(place.Key))).Distinct().GroupBy(place => place.Id).ToDictionary(worker => worker.Key, worker => worker.Count());
            }
        }
    }

    /// <summary>Whether subtasks wait for slots.</summary>
    public bool IsWaiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>What was last heard of the subtasks that have not ended. A copy.</summary>
    public IReadOnlyDictionary<SubtaskId, (int Attempt, TaskCounts Counts)> Counts
    {
        get
        {
            lock (_gate)
            {
                return _links.Values.SelectMany(link => link.Subtasks).Where(place => place.Value.Counts is not null)
                    .ToDictionary(place => place.Key, place => (place.Value.Handle.Attempt, place.Value.Counts!.Value));
            }
        }
    }

    public IReadOnlyDictionary<SubtaskId, IReadOnlyList<OperatorProgress>> Progress
    {
        get
        {
            lock (_gate)
            {
                return _links.Values.SelectMany(link => link.Subtasks).Where(place => place.Value.Counts is not null).ToDictionary(place => place.Key, place => place.Value.Progress);
            }
        }
    }

    public void Reserve(IReadOnlyCollection<SubtaskId> subtasks, Action<Exception?> ready)
    {
        var reservation = new Reservation(subtasks, ready);
        lock (_gate)
        {
            foreach (var subtask in subtasks)
            {
                if (_placement.Remove(subtask, out var before))
                {
                    _previous[subtask] = before.Name;
                }
            }

            _waiting.Add(reservation);
        }

        Place();
        bool isWaiting;
        lock (_gate)
        {
            isWaiting = _waiting.Contains(reservation);
        }

        if (isWaiting)
        {
            NoRoom?.Invoke();
        }
    }

    public IReadOnlyDictionary<SubtaskId, ISubtaskHandle> Deploy(Deployment deployment)
    {
        var handles = new Dictionary<SubtaskId, ISubtaskHandle>();
        var orders = new List<(Link Link, Message Order)>();
        lock (_gate)
        {
            var workers = deployment.Subtasks.Select(subtask => _placement[subtask]).DistinctBy(worker => worker.Id).OrderBy(worker => worker.Id, StringComparer.Ordinal).ToList();
            var plan = new DeploymentPlan(
                _job.Fingerprint,
                _job.NodeFingerprints,
                _job.Options.Parallelism,
                _job.Tasks,
                deployment.Attempt,
                deployment.Epoch,
                workers,
                [.. deployment.Subtasks.OrderBy(subtask => subtask.Vertex).ThenBy(subtask => subtask.Index).Select(subtask => (subtask, workers.IndexOf(_placement[subtask])))],
                deployment.Restore is { } restore ? ManifestFormat.Write(restore.Manifest, "") : default,
                deployment.Restore?.Files is RestoreFiles { IsKept: true })
            {
                MeasureInterval = MeasureInterval,
                Program = Program,
            };
            foreach (var worker in workers)
            {
                orders.Add((LinkTo(worker), new Message.Deploy(plan)));
            }

            foreach (var subtask in deployment.Subtasks)
            {
                var vertex = _job.Vertices[subtask.Vertex];
                var link = _links[_placement[subtask].Id];
                var handle = new RemoteSubtask(subtask, $"{vertex.Name} ({subtask.Index + 1}/{vertex.Parallelism})", deployment.Attempt, link.Worker, link.Control);
                handles[subtask] = handle;
                link.Subtasks[subtask] = new Entry(handle, deployment, vertex.Head.Source is null ? null : ((LocalSourceConnector)deployment.Sources).Enumerators[vertex.Head.Id]);
            }
        }

        foreach (var (link, order) in orders)
        {
            link.Start();
            link.Control.Send(order);
        }

        return handles;
    }

    public void CheckpointOver(long checkpointId, bool isDiscarded)
    {
        List<Link> links;
        lock (_gate)
        {
            links = [.. _links.Values];
        }

        foreach (var link in links)
        {
            link.Control.Send(new Message.CheckpointOver(checkpointId, isDiscarded));
        }
    }

    /// <summary>A worker leaves: what runs there, and what is connected with it, is cancelled and goes on elsewhere. The connection ends when nothing runs there any more.</summary>
    public void LetGo(WorkerInfo worker)
    {
        Link? link;
        List<Entry> entries = [];
        lock (_gate)
        {
            link = _links.GetValueOrDefault(worker.Id);
            if (link is not null)
            {
                link.IsLetGo = true;
                entries = [.. link.Subtasks.Values];
            }
        }

        // What is connected ends in order, and the worker is let go when nothing of it runs there.
        var relocation = new RelocationException($"Worker {worker} is leaving the cluster.");
        foreach (var entry in entries)
        {
            entry.Deployment.Listener.SubtaskChanged(entry.Handle.Id, SubtaskState.Canceling, relocation);
        }

        if (entries.Count == 0)
        {
            link?.Control.Break(relocation);
        }
    }

    /// <summary>Ends all connections, and with them whatever still runs.</summary>
    public void Dispose()
    {
        List<Link> links;
        lock (_gate)
        {
            _isDisposed = true;
            links = [.. _links.Values];
            _links.Clear();
            _waiting.Clear();
        }

        _subscription.Dispose();
        foreach (var link in links)
        {
            link.Control.Break(ClusterErrors.JobEnded(_key.JobName));
        }
    }

    private Link LinkTo(WorkerInfo worker)
    {
        if (!_links.TryGetValue(worker.Id, out var link))
        {
            link = new Link(this, worker, _dataPlane.OpenControl(worker, _key));
            _links.Add(worker.Id, link);
        }

        return link;
    }

    private void ClusterChanged()
    {
        List<Link> lost;
        lock (_gate)
        {
            lost = [.. _links.Values.Where(link => !_cluster.IsAlive(link.Worker))];
        }

        foreach (var link in lost)
        {
            link.Control.Break(new IOException("The cluster does not count it among the living."));
        }

        Place();
    }

    private void Lost(Link link, Exception cause)
    {
        var error = ClusterErrors.WorkerLost(link.Worker, cause);
        List<Entry> entries;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _links.Remove(link.Worker.Id);
            entries = [.. link.Subtasks.Values];
            link.Subtasks.Clear();
        }

        if (cause is not RelocationException)
        {
            Log.WorkerLost(_logger, link.Worker.ToString(), _key.JobName, cause.Message);
        }

        _cluster.Suspect(link.Worker);
        foreach (var entry in entries)
        {
            entry.Deployment.Listener.SubtaskChanged(entry.Handle.Id, SubtaskState.Failed, error);
        }
    }

    private void Received(Link link, Message message)
    {
        if (message is Message.Leaving)
        {
            // First of all nothing new goes there.
            _cluster.Leaves(link.Worker);
            if (Leaving is { } leaving)
            {
                leaving(link.Worker);
            }
            else
            {
                LetGo(link.Worker);
            }

            return;
        }

        if (message is not Message.Report report)
        {
            link.Control.Break(new InvalidDataException($"Worker {link.Worker} sent a {message.GetType().Name}, which is an order."));
            return;
        }

        Entry? entry;
        bool isOver = false;
        lock (_gate)
        {
            entry = link.Subtasks.GetValueOrDefault(report.Subtask);
            if (entry is null || entry.Handle.Attempt != report.Attempt)
            {
                return;
            }

            if (report is Message.Measured measured)
            {
                (entry.Counts, entry.Progress) = (measured.Counts, measured.Operators);
            }

            if (report is Message.StateChanged { State: SubtaskState.Finished or SubtaskState.Canceled or SubtaskState.Failed })
            {
                link.Subtasks.Remove(report.Subtask);
                isOver = link.IsLetGo && link.Subtasks.Count == 0;
            }
        }

        Pass(entry, report);
        if (isOver)
        {
            link.Control.Break(new RelocationException($"Worker {link.Worker} is leaving the cluster."));
        }
    }

    private void Pass(Entry entry, Message.Report report)
    {
        var subtask = report.Subtask;
        var snapshots = (ISnapshotListener)entry.Deployment.Listener;
        switch (report)
        {
            case Message.StateChanged { Error: MillraceException { Code: ClusterErrors.SlotsTakenCode } taken } when Refused is { } refused:
                // It was never made. Told as one that was cancelled, once it is: so it counts for no restart.
                _cluster.Refused(entry.Handle.Worker);
                refused(entry.Handle.Worker, taken.Message);
                entry.Deployment.Listener.SubtaskChanged(subtask, SubtaskState.Canceled, null);
                break;
            case Message.StateChanged changed:
                entry.Deployment.Listener.SubtaskChanged(subtask, changed.State, changed.Error);
                break;
            case Message.Acknowledged acknowledged:
                snapshots.FilesWritten(acknowledged.CheckpointId, acknowledged.Written);
                snapshots.Acknowledged(subtask, acknowledged.CheckpointId, acknowledged.Snapshot);
                break;
            case Message.Declined declined:
                snapshots.Declined(subtask, declined.CheckpointId, declined.Error);
                break;
            case Message.Drained:
                snapshots.Drained(subtask);
                break;
            case Message.ReaderConnected:
                entry.Enumerator?.Register(subtask.Index, entry.Handle, _serializers);
                break;
            case Message.ReaderStarted:
                entry.Enumerator?.ReaderStarted(subtask.Index);
                break;
            case Message.RequestSplit:
                entry.Enumerator?.RequestSplit(subtask.Index);
                break;
            case Message.ReportWatermark watermark:
                entry.Enumerator?.ReportWatermark(subtask.Index, watermark.Group, watermark.Watermark);
                break;
        }
    }

    /// <summary>A subtask on a worker, and who hears of it.</summary>
    private sealed record Entry(RemoteSubtask Handle, Deployment Deployment, SplitCoordinator? Enumerator)
    {
        /// <summary>What was last heard of its work; under the host's lock.</summary>
        public TaskCounts? Counts { get; set; }

        public IReadOnlyList<OperatorProgress> Progress { get; set; } = [];
    }

    /// <summary>The connection to a worker.</summary>
    private sealed class Link
    {
        private int _started;

        public Link(DistributedHost owner, WorkerInfo worker, Exchange.Remote.IDataConnection connection)
        {
            Worker = worker;
            Control = new ControlLink(connection, owner._key.Term, owner._scheduler.TimeProvider, message => owner.Received(this, message), cause => owner.Lost(this, cause));
        }

        public WorkerInfo Worker { get; }

        public ControlLink Control { get; }

        /// <summary>The subtasks there that have not ended; under the host's lock.</summary>
        public Dictionary<SubtaskId, Entry> Subtasks { get; } = [];

        /// <summary>Whether it ends with the last of them; under the host's lock.</summary>
        public bool IsLetGo { get; set; }

        // Outside of the lock: a connection that is broken already says so at once.
        public void Start()
        {
            if (Interlocked.Exchange(ref _started, 1) == 0)
            {
                Control.Start();
            }
        }
    }
}
