using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing.LocalRecovery;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Exchange.Remote;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;
using Message = Millrace.Runtime.Clustering.ControlMessage;

namespace Millrace.Runtime.Clustering;

/// <summary>
/// A worker's side of one coordinator of one job: makes subtasks as it is told, and reports how they fare. It lives as long as the connection to the coordinator; when that breaks, all of its subtasks are
/// cancelled.
/// </summary>
internal sealed partial class JobWorker : Actor, IRunningSubtasks
{
    private readonly ControlConnectionKey _key;
    private readonly WorkerInfo _me;
    private readonly IDataPlane _dataPlane;
    private readonly IJobBuilder _jobs;
    private readonly ILogger _logger;
    private readonly WorkerSlots _slots;
    private readonly Action<JobWorker> _ended;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ControlLink _link;
    private readonly ConcurrentQueue<Action> _facts = new();
    private readonly Dictionary<SubtaskId, Made> _subtasks = [];
    private readonly List<Made> _all = [];
    private readonly List<Deployed> _deployments = [];
    private SlotDemand? _demand;
    private BuiltJob? _built;
    private WorkerFiles? _files;
    private Action? _afterBuilding;
    private bool _isBuilding;
    private bool _isOver;
    private ITimer? _watchdog;
    private ITimer? _measuring;

    /// <param name="key">The job and its coordinator.</param>
    /// <param name="me">This worker.</param>
    /// <param name="coordinator">The worker that the coordinator lives on.</param>
    /// <param name="connection">The connection to the coordinator.</param>
    /// <param name="dataPlane">Connects with other workers.</param>
    /// <param name="jobs">Builds the job.</param>
    /// <param name="scheduler">Runs this and the subtasks.</param>
    /// <param name="loggers">Makes loggers.</param>
    /// <param name="slots">The slots of this worker, which all jobs share.</param>
    /// <param name="ended">Told when nothing of it runs any more.</param>
    public JobWorker(
        ControlConnectionKey key,
        WorkerInfo me,
        WorkerInfo coordinator,
        IDataConnection connection,
        IDataPlane dataPlane,
        IJobBuilder jobs,
        ITaskScheduler scheduler,
        ILoggerFactory loggers,
        WorkerSlots slots,
        Action<JobWorker> ended)
        : base(scheduler, ActorPlacement.Control)
    {
        _key = key;
        _me = me;
        Coordinator = coordinator;
        _dataPlane = dataPlane;
        _jobs = jobs;
        _logger = loggers.CreateLogger("Millrace.Worker");
        _slots = slots;
        _startedAt = scheduler.TimeProvider.GetUtcNow();
        _startTimestamp = scheduler.TimeProvider.GetTimestamp();
        _ended = ended;
        _link = new ControlLink(connection, key.Term, scheduler.TimeProvider, message => Tell(() => Handle(message)), cause => Tell(() => Broken(cause)));
    }

    public override string Description => $"worker of job '{_key.JobName}', term {_key.Term}";

    public long Term => _key.Term;

    public WorkerInfo Coordinator { get; }

    /// <summary>Complete when nothing of it runs any more.</summary>
    public Task Completion => _completion.Task;

    /// <summary>The copies of checkpoint files on this disk; null where none are kept.</summary>
    public LocalCopies? Copies { get; init; }

    public void Start()
    {
        if (PublishesMetrics)
        {
            JobInstruments.Register(this, _key.JobName, _key.JobId);
        }

        Log.CoordinatorConnected(_logger, _key.JobName, _key.Term, Coordinator.ToString());
        _link.Start();
    }

    /// <summary>Asks the coordinator to do without this worker: it breaks the connection when it is ready to. Safe to call from any thread.</summary>
    public void Leave() => _link.Send(new Message.Leaving());

    /// <summary>Ends it: the connection breaks, subtasks are cancelled. Safe to call from any thread, and again.</summary>
    public void End(Exception cause) => _link.Break(cause);

    protected override RunResult Run()
    {
        if (Interlocked.Exchange(ref _afterBuilding, null) is { } afterBuilding)
        {
            _isBuilding = false;
            afterBuilding();
        }

        // While the graph is being built what is said behind it waits.
        while (!_isBuilding && _facts.TryDequeue(out var fact))
        {
            fact();
        }

        return _isOver && _all.Count == 0 && !_isBuilding ? Close() : RunResult.Wait;
    }

    private RunResult Close()
    {
        _watchdog?.Dispose();
        _measuring?.Dispose();
        JobInstruments.Unregister(this);
        BreakUnused(_ => true);
        _slots.Keep(this, 0);
        _built?.Release(_logger);
        _ended(this);
        _completion.TrySetResult();
        return RunResult.Done;
    }

    private void Tell(Action fact)
    {
        _facts.Enqueue(fact);
        Wake();
    }

    private void Broken(Exception cause)
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        if (_all.Count == 0)
        {
            Log.CoordinatorGone(_logger, _key.JobName, _key.Term, cause.Message);
            return;
        }

        Log.CoordinatorLost(_logger, _key.JobName, _key.Term, cause.Message, _all.Count);
        foreach (var made in _all)
        {
            made.Subtask.Cancel();
        }

        _watchdog = Scheduler.TimeProvider.CreateTimer(_ => Tell(AbandonAll), null, _built!.Graph.Options.CancellationTimeout, Timeout.InfiniteTimeSpan);
    }

    private void AbandonAll()
    {
        foreach (var made in _all)
        {
            Log.Stuck(_logger, made.Subtask.Description, made.Subtask.Abandon());
        }

        _all.Clear();
        KeepSlots();
        Publish();
    }

    private void Handle(Message message)
    {
        if (_isOver)
        {
            return;
        }

        switch (message)
        {
            case Message.Deploy deploy:
                Build(deploy.Plan);
                break;
            case Message.CheckpointOver over:
                if (_files is { } files)
                {
                    Scheduler.RunInBackground($"ending checkpoint {over.CheckpointId} of {Description}", files.End(over.CheckpointId, over.IsDiscarded), static _ => { });
                }

                break;
            case Message.Order order when _subtasks.TryGetValue(order.Subtask, out var made) && made.Attempt == order.Attempt:
                Obey(made, order);
                break;
        }
    }

    private void Obey(Made made, Message.Order order)
    {
        var subtask = made.Subtask;
        switch (order)
        {
            case Message.Cancel:
                subtask.Cancel();
                break;
            case Message.Finish:
                subtask.Finish();
                break;
            case Message.Drain:
                subtask.Drain();
                break;
            case Message.Abandon:
                Log.Stuck(_logger, subtask.Description, subtask.Abandon());
                _all.Remove(made);
                KeepSlots();
                Publish();
                break;
            case Message.Trigger trigger:
                subtask.Trigger(trigger.Barrier);
                break;
            case Message.Completed completed:
                subtask.CheckpointCompleted(completed.CheckpointId);
                break;
            case Message.Aborted aborted:
                subtask.CheckpointAborted(aborted.CheckpointId);
                break;
            default:
                try
                {
                    made.Sources.Tell(order);
                }
                catch (Exception error)
                {
                    subtask.Mailbox.Post(() => throw new InvalidDataException($"What the enumerator said cannot be read: {error.Message}", error));
                }

                break;
        }
    }

    private void Build(DeploymentPlan plan)
    {
        // A coordinator that wants another parallelism connects anew.
        if (_built is { } built)
        {
            Deploy(plan, built);
            return;
        }

        _isBuilding = true;
        BuiltJob? made = null;
        Scheduler.RunInBackground(
            $"building job '{_key.JobName}'",
            () => made = (plan.Program is { } program ? _jobs.Of(program) : _jobs).Build(_key.JobName, plan.Parallelism),
            error =>
            {
                Volatile.Write(ref _afterBuilding, () => Built(plan, made, error));
                Wake();
            });
    }

    private void Built(DeploymentPlan plan, BuiltJob? made, Exception? error)
    {
        if (made is null)
        {
            Refuse(plan, error!);
            return;
        }

        if (_isOver)
        {
            made.Release(_logger);
            return;
        }

        try
        {
            Check(plan, made.Graph);
            _built = made = made with { Graph = made.Graph.WithTasks(plan.Tasks) };
            _demand = SlotDemand.Of(made.Graph);
        }
        catch (Exception difference) when (difference is MillraceException or ArgumentException)
        {
            made.Release(_logger);
            Log.DeploymentFailed(_logger, difference, _key.JobName, plan.Attempt);
            Refuse(plan, difference);
            return;
        }

        if (plan.MeasureInterval is { } interval)
        {
            _measuring = Scheduler.TimeProvider.CreateTimer(_ => Tell(Measure), null, interval, interval);
        }

        Deploy(plan, made);
    }

    private void Measure()
    {
        foreach (var made in _all)
        {
            var subtask = made.Subtask;
            if (TaskCounts.Of(subtask, _built!.Graph.Vertices[subtask.Id.Vertex].Head.Source is not null) is { } counts)
            {
                _link.Send(new Message.Measured(subtask.Id, made.Attempt, counts, [.. subtask.Operators.Select(OperatorProgress.Of)]));
            }
        }
    }

    private void Refuse(DeploymentPlan plan, Exception error)
    {
        int me = IndexOfMe(plan);
        foreach (var (subtask, worker) in plan.Placement)
        {
            if (worker == me)
            {
                _link.Send(new Message.StateChanged(subtask, plan.Attempt, SubtaskState.Failed, error));
            }
        }
    }

    private int IndexOfMe(DeploymentPlan plan) => plan.Workers.TakeWhile(worker => worker.Id != _me.Id).Count();
}
