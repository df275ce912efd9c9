using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Checkpointing.Storage;
using Millrace.Runtime.Coordination.Scheduling;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>
/// Carries out what the <see cref="JobCoordinator"/> and the <see cref="CheckpointCoordinator"/> decide: the one place where a job's facts and decisions meet
/// threads, clocks, workers and storage. Runs on the control thread.
/// </summary>
internal sealed partial class JobExecution : Actor, IRunningSubtasks
{
    private readonly JobGraph _job;
    private readonly IJobHost _host;
    private readonly ISerializerProvider _serializers;
    private readonly ILogger _logger;
    private readonly ConcurrentQueue<Action> _facts = new();
    private readonly TaskCompletionSource<JobOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly JobTopology _topology;
    private readonly JobCoordinator _coordinator;
    private readonly DateTimeOffset _startedAt;
    private readonly long _startTimestamp;
    private Dictionary<int, SplitCoordinator> _enumerators = [];
    private IReadOnlyDictionary<SubtaskId, ISubtaskHandle> _handles = new Dictionary<SubtaskId, ISubtaskHandle>();
    private IReadOnlyDictionary<SubtaskId, Subtask> _subtasks = new Dictionary<SubtaskId, Subtask>();
    private SlotDemand? _demand;
    private ITimer? _cancellationTimer;
    private ITimer? _restartTimer;
    private ITimer? _closingTimer;
    private JobDecision.Complete? _end;
    private List<SplitCoordinator> _closing = [];
    private string? _stuck;
    private JobState? _ended;
    private JobTimes _times;
    private bool _done;
    private bool _isSuspending;

    /// <param name="job">The job.</param>
    /// <param name="host">Makes its subtasks.</param>
    /// <param name="scheduler">Runs this.</param>
    /// <param name="serializers">Gives serializers.</param>
    /// <param name="loggers">Makes loggers.</param>
    /// <param name="jitter">Varies the delays of restarts.</param>
    public JobExecution(JobGraph job, IJobHost host, ITaskScheduler scheduler, ISerializerProvider serializers, ILoggerFactory loggers, Random jitter)
        : base(scheduler, ActorPlacement.Control)
    {
        _job = job;
        _host = host;
        _serializers = serializers;
        _logger = loggers.CreateLogger("Millrace.Job");
        _topology = JobTopology.Of(job);
        _coordinator = new JobCoordinator(_topology, job.Options.EffectiveRestartStrategy, jitter, isRecoverable: true);
        _startedAt = scheduler.TimeProvider.GetUtcNow();
        _startTimestamp = scheduler.TimeProvider.GetTimestamp();
        _openingBackoff = RestartBackoff.Create(job.Options.EffectiveRestartStrategy, jitter);
        _storeQueue = new StoreQueue(scheduler);
        _files = new FilesUnderWay(CreateFiles);
        _times = new JobTimes(JobState.Created, Now, 0, 0);
        JobId = job.Options.Checkpoints.JobId ?? JobIds.From(job.Stream.JobName);
        if (job.Options.Checkpoints.Storage is { } storage)
        {
            _store = new CheckpointStore(storage, JobId, job.Options.Checkpoints, scheduler.TimeProvider, loggers.CreateLogger("Millrace.Checkpoints"));
        }
    }

    /// <summary>Hears how the execution fares; null for nobody.</summary>
    public IExecutionObserver? Observer { get; init; }

    public override string Description => $"job '{_job.Stream.JobName}'";

    public JobGraph Job => _job;

    /// <summary>The name under which the job's checkpoints are kept.</summary>
    public string JobId { get; }

    /// <summary>The state of the job. It has not ended before its enumerators are closed.</summary>
    public JobState State => _ended ?? _coordinator.State switch
    {
        JobState.Finished => JobState.Running,
        JobState.Canceled => JobState.Cancelling,
        JobState.Failed => JobState.Failing,
        var state => state,
    };

    /// <summary>The subtasks of the latest attempts that live in this process. A snapshot; safe to read from any thread.</summary>
    public IReadOnlyDictionary<SubtaskId, Subtask> Subtasks => Volatile.Read(ref _subtasks);

    /// <summary>The slots of a cluster that it takes; null where it is not distributed.</summary>
    public int? Slots => _host.IsDistributed ? (_demand ??= SlotDemand.Of(_job)).Slots : null;

    public FailureHistory Failures => _coordinator.Failures;

    /// <summary>Complete when the job has ended, however it did.</summary>
    public Task<JobOutcome> Completion => _completion.Task;

    /// <summary>Since when the job is in its state. Safe to read from any thread.</summary>
    public JobTimes Times => Volatile.Read(ref _times);

    /// <summary>The time, in milliseconds since 1970-01-01 UTC.</summary>
    // The wall clock of the start, going on by a clock that never jumps: a jump must neither put off a restart nor expire checkpoints.
    public long Now => (_startedAt + Scheduler.TimeProvider.GetElapsedTime(_startTimestamp)).ToUnixTimeMilliseconds();

    /// <summary>A job with all its subtasks in this process.</summary>
    public static JobExecution OnOneWorker(
        JobGraph job, ITaskScheduler scheduler, ISerializerProvider serializers, ILoggerFactory loggers, Random? jitter = null, IServiceProvider? services = null) =>
        new(job, new LocalHost(scheduler, serializers, loggers, services), scheduler, serializers, loggers, jitter ?? new Random((int)scheduler.TimeProvider.GetTimestamp()));

    public SubtaskState StateOf(SubtaskId subtask) => _coordinator.StateOf(subtask);

    public void Start() => Tell(() =>
    {
        WatchEventTime();
        Open();
    });

    public void Cancel() => Tell(() => Apply(_coordinator.Cancel(Now)));

    /// <summary>Ends this execution, and not the job: its checkpoints stay, nothing is said of its end, and another execution goes on from the latest one.</summary>
    public void Suspend() => Tell(() =>
    {
        // One that is ending already, because it has failed or was cancelled, ends as that.
        if (_coordinator.State is JobState.Created or JobState.Running or JobState.Restarting)
        {
            _isSuspending = true;
            Apply(_coordinator.Cancel(Now));
        }
    });

    /// <summary>A worker is lost, and with it subtasks, whose own word does not come any more.</summary>
    public void SubtasksLost(IReadOnlyList<ISubtaskHandle> lost, Exception error) => Tell(() =>
    {
        foreach (var subtask in lost)
        {
            if (_handles.GetValueOrDefault(subtask.Id) == subtask)
            {
                SubtaskChanged(subtask.Id, _coordinator.AttemptOf(subtask.Id), SubtaskState.Failed, error);
            }
        }
    });

    protected override RunResult Run()
    {
        while (_facts.TryDequeue(out var fact))
        {
            fact();
            NoteState();
            TraceIfAllRun();
        }

        return _done ? RunResult.Done : RunResult.Wait;
    }

    private void NoteState()
    {
        var state = State;
        if (state != _times.State)
        {
            Log.StateChanged(_logger, _job.Stream.JobName, state, _times.State);
            Volatile.Write(ref _times, _times.Enter(state, Now));
        }
    }

    private void Tell(Action fact)
    {
        _facts.Enqueue(fact);
        Wake();
    }

    private void SubtaskChanged(SubtaskId subtask, int attempt, SubtaskState state, Exception? error)
    {
        bool isCurrent = attempt == _coordinator.AttemptOf(subtask);
        Apply(_coordinator.SubtaskChanged(subtask, attempt, state, error, Now));
        if (!isCurrent || _checkpoints is null)
        {
            return;
        }

        if (state == SubtaskState.Finished)
        {
            ApplyCheckpoints(_checkpoints.Finished(subtask, Now));
            TellBacklog();
        }

        StartCheckpointsIfAllRun();
    }

    private void EnumeratorFailed(SplitCoordinator enumerator, Exception error)
    {
        // One that was replaced may still say something.
        if (_enumerators.ContainsValue(enumerator))
        {
            Apply(_coordinator.Failed(error, Now));
        }
    }

    private void Apply(IReadOnlyList<JobDecision> decisions)
    {
        foreach (var decision in decisions)
        {
            Apply(decision);
        }
    }

    private void Apply(JobDecision decision)
    {
        switch (decision)
        {
            case JobDecision.Deploy deploy:
                Deploy(deploy);
                break;
            case JobDecision.Cancel cancel:
                CancelSubtask(cancel.Subtask);
                break;
            case JobDecision.Finish finish:
                _handles[finish.Subtask].Finish();
                break;
            case JobDecision.StartCancellationTimer timer:
                _cancellationTimer?.Dispose();
                _cancellationTimer = StartTimer(_job.Options.CancellationTimeout, () => Apply(_coordinator.CancellationTimedOut(timer.Number, Now)));
                break;
            case JobDecision.StartRestartTimer timer:
                _restartTimer?.Dispose();
                _restartTimer = StartTimer(TimeSpan.FromMilliseconds(Math.Max(0, timer.DueAt - Now)), () => Apply(_coordinator.RestartDue(Now)));
                break;
            case JobDecision.Restarting restarting:
                LogRestart(restarting);
                NoteDamage(restarting.Subtask, restarting.Cause);
                TraceFailure(restarting);
                StopCheckpoints(restarting.Cause);
                break;
            case JobDecision.GiveUp giveUp:
                GiveUp(giveUp.Subtasks.Select(subtask => (_handles[subtask].Description, (Func<string>)_handles[subtask].Abandon)));
                break;
            case JobDecision.Report report:
                Log.ErrorWhileEnding(_logger, report.Error, _job.Stream.JobName, Name(report.Subtask));
                break;
            case JobDecision.Complete complete:
                StopCheckpoints(complete.Error ?? new OperationCanceledException($"The job is {complete.State}."));
                BeginComplete(complete);
                break;
        }
    }

    private void LogRestart(JobDecision.Restarting restarting)
    {
        if (restarting.Cause is RelocationException)
        {
            Log.Relocating(_logger, _job.Stream.JobName, restarting.Subtasks.Count, restarting.Cause.Message);
            return;
        }

        Log.Restarting(_logger, restarting.Cause, _job.Stream.JobName, Name(restarting.Subtask), restarting.Subtasks.Count, restarting.Delay, restarting.Cause.Message);
    }

    private void CancelSubtask(SubtaskId id)
    {
        StopCheckpoints(new OperationCanceledException("Subtasks are being cancelled."));
        if (_deploying.Contains(id))
        {
            // Its state is still being looked for: there is nothing yet that could say that it has ended.
            _deploying.Remove(id);
            SubtaskChanged(id, _coordinator.AttemptOf(id), SubtaskState.Canceled, null);
            return;
        }

        _handles[id].Cancel();
    }

    private ITimer StartTimer(TimeSpan due, Action action) =>
        Scheduler.TimeProvider.CreateTimer(_ => Tell(action), null, due, Timeout.InfiniteTimeSpan);

    /// <summary>The watchdog: says where the functions are that do not come back, and goes on without their threads.</summary>
    private void GiveUp(IEnumerable<(string Description, Func<string> Abandon)> stuck)
    {
        var report = new StringBuilder(_stuck);
        foreach (var (description, abandon) in stuck)
        {
            report.Append(description).Append(" did not end within ").Append(_job.Options.CancellationTimeout).Append(" of being cancelled. It is here:\n");
            report.Append(abandon()).Append('\n');
        }

        _stuck = report.ToString();
        Log.Stuck(_logger, _job.Stream.JobName, _stuck);
    }

    /// <summary>All subtasks have ended: enumerators are closed, the storage is tidied up, and then the job has ended.</summary>
    private void BeginComplete(JobDecision.Complete complete)
    {
        _end = complete;
        _cancellationTimer?.Dispose();
        _restartTimer?.Dispose();
        _stallTimer?.Dispose();
        _closing = [.. _enumerators.Values];
        if (_closing.Count == 0)
        {
            EndStore(complete);
            return;
        }

        foreach (var enumerator in _enumerators.Values)
        {
            enumerator.Stop(error => Tell(() => EnumeratorStopped(enumerator, error)));
        }

        _closingTimer = StartTimer(_job.Options.CancellationTimeout, GiveUpEnumerators);
    }

    private void EnumeratorStopped(SplitCoordinator enumerator, Exception? error)
    {
        if (error is not null)
        {
            Log.ErrorWhileEnding(_logger, error, _job.Stream.JobName, enumerator.Description);
        }

        if (_closing.Remove(enumerator) && _closing.Count == 0 && !_done)
        {
            EndStore(_end!);
        }
    }

    private void GiveUpEnumerators()
    {
        if (!_done && _closing.Count > 0)
        {
            GiveUp(_closing.Select(enumerator => (enumerator.Description, (Func<string>)(() =>
            {
                string stack = Scheduler.CaptureStack(enumerator);
                Scheduler.Abandon(enumerator);
                return stack;
            }))));
            _closing = [];
            EndStore(_end! with { State = JobState.Failed });
        }
    }

    private void Complete(JobDecision.Complete complete)
    {
        _done = true;
        EndTraces(complete.State == JobState.Finished ? null : complete.Error?.Message ?? $"The job is {complete.State}.");
        _closingTimer?.Dispose();
        Exception? error = null;
        if (complete.State == JobState.Failed)
        {
            string cause = complete.Error is null ? "" : $"{Name(complete.FailedSubtask)}: {complete.Error.Message}";
            string why = complete.WhyNoRestart is null ? "" : $" {complete.WhyNoRestart}";
            error = _stuck is null
                ? new JobFailedException("MR2001", $"Job '{_job.Stream.JobName}' failed. {cause}{why}", Unwrap(complete.Error))
                : new JobFailedException(
                    "MR2002",
                    $"Job '{_job.Stream.JobName}' ended without subtasks that are stuck in a function. {(cause.Length == 0 ? "" : $"It had failed before: {cause} ")}\n{_stuck}"
                    + "Let functions look at RuntimeContext.CancellationToken, or raise CancellationTimeout.",
                    Unwrap(complete.Error));
            Log.JobFailed(_logger, error, _job.Stream.JobName);
        }

        _ended = complete.State;
        NoteState();
        _completion.SetResult(new JobOutcome(complete.State, error, _finishedBefore));
    }

    private static Exception? Unwrap(Exception? error) => error is OperatorException { InnerException: { } inner } ? inner : error;

    private string Name(SubtaskId? subtask) => subtask is not { } id ? "the job"
        : _handles.TryGetValue(id, out var made) ? made.Description
        : $"{_job.Vertices[id.Vertex].Name} ({id.Index + 1}/{_job.Vertices[id.Vertex].Parallelism})";

    /// <summary>Passes on what the subtasks of one attempt say. Called from any thread.</summary>
    private sealed class AttemptListener(JobExecution owner, int attempt) : ISubtaskListener, ISnapshotListener
    {
        public void SubtaskChanged(SubtaskId subtask, SubtaskState state, Exception? error) => owner.Tell(() => owner.SubtaskChanged(subtask, attempt, state, error));

        public void Acknowledged(SubtaskId subtask, long checkpointId, TaskSnapshot snapshot) => TellIfCurrent(subtask, checkpoints => checkpoints.Acknowledged(checkpointId, snapshot, owner.Now));

        public void FilesWritten(long checkpointId, IReadOnlyCollection<string> paths) => owner._files.Adopt(checkpointId, paths);

        public void Declined(SubtaskId subtask, long checkpointId, Exception error)
        {
            TellIfCurrent(subtask, checkpoints => checkpoints.Declined(checkpointId, subtask, error, owner.Now));
            owner.Tell(() => owner.FailIfHopeless(error));
        }

        public void Drained(SubtaskId subtask) => TellIfCurrent(subtask, checkpoints => checkpoints.Drained(subtask, owner.Now));

        private void TellIfCurrent(SubtaskId subtask, Func<CheckpointCoordinator, IReadOnlyList<CheckpointDecision>> fact) => owner.Tell(() =>
        {
            if (owner._checkpoints is { } checkpoints && owner._coordinator.AttemptOf(subtask) == attempt)
            {
                owner.ApplyCheckpoints(fact(checkpoints));
            }
        });
    }
}
