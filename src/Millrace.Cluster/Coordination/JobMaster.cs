using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Tasks;

namespace Millrace.Cluster.Coordination;

/// <summary>
/// Leads one job in one term: carries out what the <see cref="AdaptiveScheduler"/> decides, by one <see cref="JobExecution"/> after the other, each with a graph of its own parallelism. When it is disposed of the job goes on under
/// another coordinator, from its latest checkpoint.
/// </summary>
internal sealed partial class JobMaster : IJobMaster
{
    private readonly string _job;
    private readonly long _term;
    private readonly IJobBuilder _builder;
    private readonly TrustedWorkers _workers;
    private readonly IDataPlane _dataPlane;
    private readonly SchedulerOptions _options;
    private readonly AutoscalerOptions _autoscaling;
    private readonly Func<IReadOnlyList<int>, Task> _remember;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _startedAt;
    private readonly long _startTimestamp;
    private readonly EngineThreads.Lease _threads;
    private readonly Channel<Action> _facts = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource<(JobState State, string? Error)> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, SlotDemand> _demands = [];
    private readonly Queue<SchedulingEvent> _decisions = new();
    private readonly List<TaskCompletionSource> _rescales = [];
    private readonly Task _run;
    private AdaptiveScheduler? _scheduler;
    private ITimer? _timer;
    private Running? _running;
    private IReadOnlyDictionary<SubtaskId, string> _previous = new Dictionary<SubtaskId, string>();
    private bool _isCancelled;
    private bool _isDisposed;
    private bool _isOver;

    /// <param name="job">The job.</param>
    /// <param name="record">What the cluster remembers of it; the term has been raised and written.</param>
    /// <param name="builder">Builds the job.</param>
    /// <param name="cluster">Who is alive.</param>
    /// <param name="dataPlane">Dials workers.</param>
    /// <param name="options">How slots are waited for and used.</param>
    /// <param name="autoscaling">Whether and how parallelism follows load.</param>
    /// <param name="ledger">Says which slots the job may use.</param>
    /// <param name="isOnlyJob">Whether the program has no other job.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Makes loggers.</param>
    /// <param name="remember">Writes how many subtasks each task is to have into the record.</param>
    public JobMaster(
        string job,
        JobRecord record,
        IJobBuilder builder,
        IClusterView cluster,
        IDataPlane dataPlane,
        SchedulerOptions options,
        AutoscalerOptions autoscaling,
        ISlotLedger ledger,
        bool isOnlyJob,
        TimeProvider time,
        ILoggerFactory loggers,
        Func<IReadOnlyList<int>, Task> remember)
    {
        _job = job;
        _term = record.Term;
        _builder = builder;
        _time = time;
        _startedAt = time.GetUtcNow();
        _startTimestamp = time.GetTimestamp();
        _threads = EngineThreads.Acquire(time);
        _workers = new TrustedWorkers(cluster, time);
        _ledger = ledger;
        _isOnlyJob = isOnlyJob;
        _dataPlane = dataPlane;
        _options = options;
        _autoscaling = autoscaling;
        _remember = remember;
        _loggers = loggers;
        _logger = loggers.CreateLogger("Millrace.Job");
        _placements = new PlacementWriter(job, _threads.Scheduler, _logger);
        Runtime.Clustering.Log.Leads(_logger, job, _term);
        Tell(() => Begin(record));
        _run = Task.Run(RunAsync);
    }

    public Task<(JobState State, string? Error)> Completion => _completion.Task;

    // As in an execution: a clock that is set must not put off or hasten a decision.
    private long Now => (_startedAt + _time.GetElapsedTime(_startTimestamp)).ToUnixTimeMilliseconds();

    public void Cancel() => Tell(() =>
    {
        _isCancelled = true;
        if (_running is { } running)
        {
            running.Execution.Cancel();
        }
        else
        {
            End(JobState.Canceled, null);
        }
    });

    public Task<string> TriggerCheckpointAsync() => Current().RequestAsync(SnapshotKind.Checkpoint);

    public Task<string> TriggerSavepointAsync(string folder, SavepointFormat format) => Current().RequestAsync(KindOf(format), folder);

    public Task<string> StopWithSavepointAsync(string folder, bool drain, SavepointFormat format) =>
        Current().RequestAsync(KindOf(format), folder, drain ? StopMode.Drain : StopMode.Suspend);

    public async Task HandOverAsync(TimeSpan patience)
    {
        if (patience > TimeSpan.Zero && Volatile.Read(ref _running) is { } running)
        {
            // Without one the job goes on from the latest that there is.
            Task checkpoint = running.Execution.RequestAsync(SnapshotKind.Checkpoint);
            await checkpoint.WaitAsync(patience, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task RescaleAsync(int parallelism)
    {
        // A graph that is wrong with it says so here, and the job goes on.
        var built = _builder.Build(_job, parallelism);
        var graph = built.Graph;
        built.Release(_logger);
        var topology = ScalingTopology.Of(graph, Volatile.Read(ref _bounds));
        int slots = topology.DemandOf(topology.Limit(graph.Tasks)).Slots;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Rescale()
        {
            _rescales.Add(done);
            if (!_isOver)
            {
                Scale(parallelism, ScalingTopology.Of(graph, _bounds));
                Apply(_scheduler!.Request(parallelism, Now));
                CompleteRescales();
            }
        }

        bool isTold = _facts.Writer.TryWrite(() => WithSlots(_options.Mode == SchedulerMode.Fixed ? slots : 0, slots, Rescale));
        return isTold ? done.Task : throw Over();
    }

    public async ValueTask DisposeAsync()
    {
        Tell(() =>
        {
            _isDisposed = true;
            if (_running is { } running)
            {
                running.Execution.Suspend();
            }
            else
            {
                EndDisposed();
            }
        });
        await _run.ConfigureAwait(false);
    }

    private static SnapshotKind KindOf(SavepointFormat format) => format == SavepointFormat.Native ? SnapshotKind.NativeSavepoint : SnapshotKind.CanonicalSavepoint;

    private InvalidOperationException Over() => new($"Job '{_job}' has ended, or is led by another coordinator now: look at its status.");

    private JobExecution Current() => Volatile.Read(ref _running)?.Execution
        ?? throw new InvalidOperationException($"Job '{_job}' does not run at the moment{(Volatile.Read(ref _scheduler)?.Waiting is { } waiting ? $": {waiting}" : ", and is just being started: try again in a moment.")}");

    // What is told when it is over is passed over.
    private void Tell(Action fact) => _facts.Writer.TryWrite(fact);

    private async Task RunAsync()
    {
        while (!_isOver)
        {
            var fact = await _facts.Reader.ReadAsync().ConfigureAwait(false);
            try
            {
                fact();
            }
            catch (MillraceException error)
            {
                // The program is wrong, and would be at the next try.
                End(JobState.Failed, error.Message);
            }
            catch (Exception error)
            {
                // What a program needs to be built may be away for a while: another coordinator tries.
                _isOver = true;
                _completion.TrySetException(error);
            }
        }

        _facts.Writer.Complete();
        while (_facts.Reader.TryRead(out var late))
        {
            late();
        }

        _timer?.Dispose();
        _sampling?.Dispose();
        _workers.Dispose();
        if (_running is { } running)
        {
            running.Execution.Suspend();
            await running.Execution.Completion.ConfigureAwait(false);
            Release(running);
        }

        await LeaveLedgerAsync().ConfigureAwait(false);
        await PlacementRememberedAsync().ConfigureAwait(false);
        _threads.Dispose();
        _rescales.ForEach(done => done.TrySetException(Over()));
    }

    private void Begin(JobRecord record)
    {
        if (_isOver)
        {
            return;
        }

        var built = _builder.Build(_job, null);
        var options = built.Graph.Options;
        _defaultParallelism = options.Parallelism;
        BeginBounds(record, built.Graph);
        _demands[options.Parallelism] = SlotDemand.Of(Bounded(built.Graph));
        var topology = ScalingTopology.Of(built.Graph, _bounds);
        built.Release(_logger);
        var checkpoints = options.Checkpoints;
        Volatile.Write(ref _scheduler, new AdaptiveScheduler(
            _options, new ScalableJob(options.Parallelism, options.MaxParallelism, DemandOf, checkpoints.Storage is not null ? checkpoints.Interval ?? TimeSpan.FromMinutes(1) : null)));
        _workers.Grant(new Dictionary<string, int>());
        _workers.Subscribe(() => Tell(LookAtWorkers));
        if (record.Parallelism is { } requested)
        {
            var asked = _builder.Build(_job, requested);
            topology = ScalingTopology.Of(asked.Graph, _bounds);
            asked.Release(_logger);
            Apply(_scheduler.Request(requested, Now));
        }

        BeginScaling(record, topology);

        // It starts with the first answer.
        Ask();
    }

    private SlotDemand DemandOf(int parallelism)
    {
        if (!_demands.TryGetValue(parallelism, out var demand))
        {
            var built = _builder.Build(_job, parallelism);
            _demands[parallelism] = demand = SlotDemand.Of(Bounded(built.Graph));
            built.Release(_logger);
        }

        return demand;
    }

    private void Apply(IReadOnlyList<SchedulingDecision> decisions)
    {
        foreach (var decision in decisions)
        {
            if (decision.Reason.Length > 0)
            {
                Remember(decision);
            }

            switch (decision)
            {
                case SchedulingDecision.Start start:
                    Start(start.Parallelism);
                    break;
                case SchedulingDecision.Rescale:
                    _isRunning = false;
                    _running?.Execution.Suspend();
                    break;
                case SchedulingDecision.TakeCheckpoint:
                    // How it goes is told by the observer.
                    _ = _running?.Execution.RequestAsync(SnapshotKind.Checkpoint).ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
                    break;
                case SchedulingDecision.Wait wait:
                    _timer?.Dispose();
                    _timer = wait.Until is { } until
                        ? _time.CreateTimer(_ => Tell(() => Apply(_scheduler!.TimeDue(Now))), null, TimeSpan.FromMilliseconds(Math.Clamp(until - Now, 0, int.MaxValue)), Timeout.InfiniteTimeSpan)
                        : null;
                    break;
                case SchedulingDecision.GiveUp giveUp:
                    End(JobState.Failed, ClusterErrors.TooFewSlots(_job, giveUp.Reason).Message);
                    break;
            }
        }
    }

    private void Start(int parallelism)
    {
        var built = Build(parallelism);
        var graph = built.Graph;
        var key = new ControlConnectionKey(graph.Options.Checkpoints.JobId ?? JobIds.From(_job), _job, _term);
        RecallPlacement(key.JobId, graph.Options.Checkpoints.Storage);
        var observer = new Observer(this);
        var host = new DistributedHost(graph, key, _workers, _dataPlane, built.Serializers, _threads.Scheduler, _loggers)
        {
            Policy = _options.Placement,
            Previous = _previous,
            MeasureInterval = MeasureInterval,
            Program = built.Program,
            Leaving = worker => Tell(() => LetGo(observer, worker)),
            NoRoom = () => Tell(() => NoRoom(observer)),
            Refused = (_, reason) =>
            {
                // Nothing has failed. All of it stops, and the scheduler decides again, without that worker for a moment.
                observer.Running!.Execution.Suspend();
                Tell(() => Remember("No room.", reason));
            },
        };
        var execution = new JobExecution(graph, host, _threads.Scheduler, built.Serializers, built.Loggers, new Random((int)_time.GetTimestamp())) { Observer = observer };
        var running = observer.Running = new Running(built, host, execution);
        _isRunning = false;
        Volatile.Write(ref _running, running);
        Volatile.Write(ref _names, TaskNames.Of(graph));
        JobInstruments.Register(execution);
        execution.Start();
        _ = WatchAsync(running);
        if (_isDisposed)
        {
            execution.Suspend();
        }
        else if (_isCancelled)
        {
            execution.Cancel();
        }
    }

    private async Task WatchAsync(Running running)
    {
        var outcome = await running.Execution.Completion.ConfigureAwait(false);
        Tell(() => Ended(running, outcome));
    }

    /// <summary>A worker wants to leave. A checkpoint now, and what is on other workers begins there: nothing is done twice.</summary>
    private void LetGo(Observer observer, WorkerInfo worker)
    {
        if (observer.Running is { } running)
        {
            Log.WorkerLeaves(_logger, _job, worker.ToString());
            _ = running.Execution.RequestAsync(SnapshotKind.Checkpoint).ContinueWith(
                task =>
                {
                    _ = task.Exception;
                    running.Host.LetGo(worker);
                },
                TaskScheduler.Default);
        }
    }

    private void Ended(Running running, JobOutcome outcome)
    {
        if (_running != running)
        {
            return;
        }

        _autoscaler?.Stopped();
        _previous = running.Host.Previous;
        Release(running);
        lock (_decisions)
        {
            _past = (_past.Restarts + running.Execution.Failures.Restarts, running.Execution.Failures.Records.LastOrDefault()?.Error.Message ?? _past.LastFailure);
        }

        if (outcome.State != JobState.Suspended)
        {
            End(outcome.State, outcome.Error?.Message);
        }
        else if (_isDisposed)
        {
            EndDisposed();
        }
        else if (_isCancelled)
        {
            End(JobState.Canceled, null);
        }
        else
        {
            Apply(_scheduler!.Stopped(Now));

            // Others may wait for what it has given back.
            Ask();
        }
    }

    private void Release(Running running)
    {
        running.Host.Dispose();
        running.Built.Release(_logger);
        Volatile.Write(ref _running, null);
    }

    private void CompleteRescales()
    {
        // Done when nothing is left to be done: it runs, is not about to stop, and waits for nothing.
        if (_running is not null && _scheduler is { Waiting: null } && _isRunning)
        {
            _rescales.ForEach(static done => done.TrySetResult());
            _rescales.Clear();
        }
    }

    private void End(JobState state, string? error)
    {
        _isOver = true;
        _scheduler?.End();
        _completion.TrySetResult((state, error));
    }

    private void EndDisposed()
    {
        _isOver = true;
        _scheduler?.End();
        _completion.TrySetCanceled();
    }

    /// <summary>Passes on how an execution fares, while it is the present one.</summary>
    private sealed class Observer(JobMaster owner) : IExecutionObserver
    {
        public Running? Running { get; set; }

        public void AllRunning() => Tell(scheduler =>
        {
            owner._isRunning = true;
            owner._autoscaler?.Running(Running!.Execution.Job.Tasks, owner.Now);
            owner.RememberPlacement();
            return scheduler.Running(owner.Now);
        });

        public void CheckpointCompleted() => Tell(scheduler => scheduler.CheckpointCompleted(owner.Now));

        public void CheckpointFailed() => Tell(scheduler => scheduler.CheckpointFailed(owner.Now));

        private void Tell(Func<AdaptiveScheduler, IReadOnlyList<SchedulingDecision>> fact) => owner.Tell(() =>
        {
            if (owner._running is { } running && running == Running)
            {
                owner.Apply(fact(owner._scheduler!));
                owner.CompleteRescales();
            }
        });
    }

    private sealed record Running(BuiltJob Built, DistributedHost Host, JobExecution Execution);
}
