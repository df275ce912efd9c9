using System.Threading.Channels;
using Millrace.Cluster.Coordination;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Tasks;

namespace Millrace.Cluster.Tests.Coordination;

/// <summary>Workers that run nothing: what they are to make runs at once as far as they say, and counts what a test says. And a slot ledger. Safe for use by several threads.</summary>
/// <param name="time">The clock.</param>
internal sealed class ScriptedCluster(TimeProvider time) : IClusterView, IDataPlane, ISlotLedger
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, WorkerInfo> _workers = [];
    private readonly List<Action<ClusterSnapshot>> _subscribers = [];
    private readonly List<Link> _links = [];
    private readonly SlotLedger _ledger = new(-60_000, 1);
    private readonly long _begun = time.GetTimestamp();
    private long _version;

    public ClusterSnapshot Current
    {
        get
        {
            lock (_gate)
            {
                return new ClusterSnapshot(_version, new WorkerInfo("me", "me", "127.0.0.1", 1, 0), [.. _workers.Values]);
            }
        }
    }

    /// <summary>Whether the ledger does not answer.</summary>
    public bool IsLedgerSilent { get; set; }

    /// <summary>The job whose subtasks are refused by a worker, since it says that its slots are taken.</summary>
    public (string Worker, string Job)? Refuses { get; set; }

    /// <summary>How often that was done.</summary>
    public int Refusals { get; private set; }

    /// <summary>What was found that must not be: more slots in use than a worker has.</summary>
    public List<string> Overcommitted { get; } = [];

    public IReadOnlyList<string> JobsInLedger
    {
        get
        {
            lock (_gate)
            {
                return [.. _ledger.Jobs];
            }
        }
    }

    public void Start(string name, int slots) => Change(() => _workers.Add(name, new WorkerInfo(name, name, "127.0.0.1", 1, slots)));

    /// <summary>Nobody sees a worker any more. Its connections break.</summary>
    public void Kill(string name)
    {
        List<Link> links = [];
        Change(() =>
        {
            _workers.Remove(name);
            links = _links.FindAll(link => link.Worker == name);
        });
        links.ForEach(link => link.Control.Break(new IOException("connection reset by peer")));
    }

    /// <summary>How many subtasks of a job run.</summary>
    public int Running(string job)
    {
        lock (_gate)
        {
            return _links.Where(link => link.Job == job).Sum(link => link.Running.Count);
        }
    }

    /// <summary>All subtasks of a job tell what they have counted.</summary>
    public void Measure(string job, Func<SubtaskId, TaskCounts> counts)
    {
        List<(Link Link, SubtaskId Subtask, int Attempt)> subtasks;
        lock (_gate)
        {
            subtasks = [.. _links.Where(link => link.Job == job).SelectMany(link => link.Running.Select(subtask => (link, subtask.Key, subtask.Value)))];
        }

        foreach (var (link, subtask, attempt) in subtasks)
        {
            link.Control.Send(new ControlMessage.Measured(subtask, attempt, counts(subtask), []));
        }
    }

    public IDisposable Subscribe(Action<ClusterSnapshot> changed)
    {
        lock (_gate)
        {
            _subscribers.Add(changed);
        }

        return new Subscription(this, changed);
    }

    public IDataConnection Open(WorkerInfo peer, DataConnectionKey key) => throw new NotSupportedException("No records are sent.");

    public IDataConnection OpenControl(WorkerInfo worker, ControlConnectionKey key)
    {
        var (near, far) = Pipe.Create();
        lock (_gate)
        {
            var link = new Link(this, worker.Id, key, far);
            _links.Add(link);
            link.Control.Start();
            if (!_workers.ContainsKey(worker.Id))
            {
                link.Control.Break(new IOException("connection refused"));
            }
        }

        return near;
    }

    public Task<SlotGrant?> AskAsync(SlotClaim claim)
    {
        lock (_gate)
        {
            return IsLedgerSilent ? throw new TimeoutException("The ledger is silent.") : Task.FromResult(_ledger.Ask(claim, (long)time.GetElapsedTime(_begun).TotalMilliseconds));
        }
    }

    public Task LeaveAsync(string job, long term)
    {
        lock (_gate)
        {
            _ledger.Leave(job, term);
        }

        return Task.CompletedTask;
    }

    private void Change(Action change)
    {
        List<Action<ClusterSnapshot>> subscribers;
        lock (_gate)
        {
            change();
            _version++;
            subscribers = [.. _subscribers];
        }

        subscribers.ForEach(subscriber => subscriber(Current));
    }

    // Every job here has one group of slots, so that the number of a subtask is that of its slot.
    private void Look(string worker)
    {
        int used = _links.Where(link => link.Worker == worker).GroupBy(link => link.Job).Sum(job => job.SelectMany(link => link.Running.Keys).Select(subtask => subtask.Index).Distinct().Count());
        if (_workers.GetValueOrDefault(worker) is { } info && used > info.Slots)
        {
            Overcommitted.Add($"{used} of {info.Slots} slots of {worker}");
        }
    }

    private sealed class Link
    {
        private readonly ScriptedCluster _owner;

        public Link(ScriptedCluster owner, string worker, ControlConnectionKey key, IDataConnection connection)
        {
            _owner = owner;
            Worker = worker;
            Job = key.JobName;
            Control = new ControlLink(connection, key.Term, TimeProvider.System, Take, _ => Broken());
        }

        public string Worker { get; }

        public string Job { get; }

        public ControlLink Control { get; }

        public Dictionary<SubtaskId, int> Running { get; } = [];

        private void Take(ControlMessage message)
        {
            lock (_owner._gate)
            {
                switch (message)
                {
                    case ControlMessage.Deploy { Plan: var plan }:
                        Deploy(plan);
                        break;
                    case ControlMessage.Cancel cancel when Running.Remove(cancel.Subtask):
                        Control.Send(new ControlMessage.StateChanged(cancel.Subtask, cancel.Attempt, SubtaskState.Canceled, null));
                        break;
                }
            }
        }

        private void Deploy(DeploymentPlan plan)
        {
            bool isRefused = _owner.Refuses == (Worker, Job);
            _owner.Refusals += isRefused ? 1 : 0;
            foreach (var (subtask, place) in plan.Placement.Where(place => plan.Workers[place.Worker].Id == Worker))
            {
                if (isRefused)
                {
                    Control.Send(new ControlMessage.StateChanged(subtask, plan.Attempt, SubtaskState.Failed, ClusterErrors.SlotsTaken(plan.Workers[place], Job, 1, [("somebody", 1)])));
                    continue;
                }

                Running[subtask] = plan.Attempt;
                Control.Send(new ControlMessage.StateChanged(subtask, plan.Attempt, SubtaskState.Running, null));
            }

            _owner.Look(Worker);
        }

        private void Broken()
        {
            lock (_owner._gate)
            {
                Running.Clear();
                _owner._links.Remove(this);
            }
        }
    }

    /// <summary>One end of a connection within the process.</summary>
    private sealed class Pipe : IDataConnection
    {
        private readonly Channel<Action<IDataConnectionListener>> _arrived = Channel.CreateUnbounded<Action<IDataConnectionListener>>();
        private Pipe _other = null!;

        public string Description => "a pipe";

        public static (Pipe Near, Pipe Far) Create()
        {
            var (near, far) = (new Pipe(), new Pipe());
            (near._other, far._other) = (far, near);
            return (near, far);
        }

        public void Start(IDataConnectionListener listener) => _ = Task.Run(async () =>
        {
            await foreach (var item in _arrived.Reader.ReadAllAsync())
            {
                item(listener);
            }
        });

        public void Send(FrameBuffer frame)
        {
            if (!_other._arrived.Writer.TryWrite(listener => listener.FrameReceived(frame)))
            {
                frame.Return();
            }
        }

        public void Break(Exception cause)
        {
            foreach (var end in new[] { this, _other })
            {
                end._arrived.Writer.TryWrite(listener => listener.Broken(cause));
                end._arrived.Writer.TryComplete();
            }
        }
    }

    private sealed class Subscription(ScriptedCluster owner, Action<ClusterSnapshot> changed) : IDisposable
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
