using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Sources;
using Millrace.Runtime.State;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Coordination;

/// <summary>
/// Carries out what the <see cref="JobCoordinator"/> decides: the one place where a job's facts and decisions meet threads, clocks and workers.
/// Runs on the control thread.
/// </summary>
internal sealed class JobExecution : Actor, ISubtaskListener
{
    private readonly JobGraph _job;
    private readonly ILogger _logger;
    private readonly ConcurrentQueue<Func<JobCoordinator, IReadOnlyList<JobDecision>>> _facts = new();
    private readonly TaskCompletionSource<JobOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, SplitCoordinator> _enumerators = [];
    private readonly Dictionary<SubtaskId, Subtask> _subtasks = [];
    private readonly JobCoordinator _coordinator;
    private ITimer? _cancellationTimer;
    private ITimer? _closingTimer;
    private JobDecision.Complete? _end;
    private List<SplitCoordinator> _closing = [];
    private string? _stuck;
    private JobState? _ended;
    private bool _done;

    /// <param name="job">The job.</param>
    /// <param name="scheduler">Runs this.</param>
    /// <param name="loggers">Makes loggers.</param>
    public JobExecution(JobGraph job, ITaskScheduler scheduler, ILoggerFactory loggers)
        : base(scheduler, ActorPlacement.Control)
    {
        _job = job;
        _logger = loggers.CreateLogger("Millrace.Job");
        foreach (var node in job.Stream.Nodes)
        {
            if (node.Source is { } source)
            {
                _enumerators[node.Id] = source.CreateCoordinator(scheduler, node.Name, job.Stream.ParallelismOf(node), EnumeratorFailed);
            }
        }

        _coordinator = new JobCoordinator(JobTopology.Of(job), RestartStrategy.None(), new Random(0), isRecoverable: false);
    }

    /// <summary>A job with all its subtasks in this process.</summary>
    public static JobExecution OnOneWorker(JobGraph job, ITaskScheduler scheduler, ISerializerProvider serializers, ILoggerFactory loggers)
    {
        var execution = new JobExecution(job, scheduler, loggers);
        var channels = new LocalChannelFactory(job.Options.ChannelCapacity);
        execution.AddWorker(new LocalWorker(job, scheduler, channels, serializers, loggers, execution.Enumerators, execution, _ => true));
        return execution;
    }

    public override string Description => $"job '{_job.Stream.JobName}'";

    public JobGraph Job => _job;

    /// <summary>The state of the job. It has not ended before its enumerators are closed.</summary>
    public JobState State => _ended ?? _coordinator.State switch
    {
        JobState.Finished => JobState.Running,
        JobState.Canceled => JobState.Cancelling,
        JobState.Failed => JobState.Failing,
        var state => state,
    };

    public IReadOnlyDictionary<SubtaskId, Subtask> Subtasks => _subtasks;

    public SubtaskState StateOf(SubtaskId subtask) => _coordinator.StateOf(subtask);

    /// <summary>The enumerators of the sources, by node; workers connect their readers to them.</summary>
    public IReadOnlyDictionary<int, SplitCoordinator> Enumerators => _enumerators;

    /// <summary>Complete when the job has ended, however it did.</summary>
    public Task<JobOutcome> Completion => _completion.Task;

    /// <summary>Makes a worker's subtasks known. Before <see cref="Start"/>.</summary>
    public void AddWorker(LocalWorker worker)
    {
        foreach (var (id, subtask) in worker.Subtasks)
        {
            _subtasks.Add(id, subtask);
        }
    }

    public void Start() => Tell(coordinator => coordinator.Start(Now));

    public void Cancel() => Tell(coordinator => coordinator.Cancel(Now));

    public void SubtaskChanged(SubtaskId subtask, SubtaskState state, Exception? error) =>
        Tell(coordinator => coordinator.SubtaskChanged(subtask, coordinator.AttemptOf(subtask), state, error, Now));

    private long Now => Scheduler.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    protected override RunResult Run()
    {
        while (_facts.TryDequeue(out var fact))
        {
            foreach (var decision in fact(_coordinator))
            {
                Apply(decision);
            }
        }

        return _done ? RunResult.Done : RunResult.Wait;
    }

    private void Tell(Action action) => Tell(_ =>
    {
        action();
        return [];
    });

    private void Tell(Func<JobCoordinator, IReadOnlyList<JobDecision>> fact)
    {
        _facts.Enqueue(fact);
        Wake();
    }

    private void EnumeratorFailed(Exception error) => Tell(coordinator => coordinator.Failed(error, Now));

    private void Apply(JobDecision decision)
    {
        switch (decision)
        {
            case JobDecision.Deploy deploy:
                foreach (var subtask in deploy.Subtasks)
                {
                    _subtasks[subtask].Wake();
                }

                break;
            case JobDecision.Cancel cancel:
                _subtasks[cancel.Subtask].Cancel();
                break;
            case JobDecision.StartCancellationTimer timer:
                _cancellationTimer ??= Scheduler.TimeProvider.CreateTimer(
                    _ => Tell(coordinator => coordinator.CancellationTimedOut(timer.Number, Now)),
                    null,
                    _job.Options.CancellationTimeout,
                    Timeout.InfiniteTimeSpan);
                break;
            case JobDecision.GiveUp giveUp:
                GiveUp(giveUp.Subtasks.Select(subtask => _subtasks[subtask]));
                break;
            case JobDecision.Report report:
                Log.ErrorWhileEnding(_logger, report.Error, _job.Stream.JobName, Name(report.Subtask));
                break;
            case JobDecision.Complete complete:
                BeginComplete(complete);
                break;
        }
    }

    /// <summary>The watchdog: says where the functions are that do not come back, and goes on without their threads.</summary>
    private void GiveUp(IEnumerable<Actor> actors)
    {
        var report = new StringBuilder(_stuck);
        foreach (var actor in actors)
        {
            report.Append(actor.Description).Append(" did not end within ").Append(_job.Options.CancellationTimeout).Append(" of being cancelled. It is here:\n");
            report.Append(Scheduler.CaptureStack(actor)).Append('\n');
            Scheduler.Abandon(actor);
        }

        _stuck = report.ToString();
        Log.Stuck(_logger, _job.Stream.JobName, _stuck);
    }

    /// <summary>All subtasks have ended: enumerators are closed, and then the job has ended.</summary>
    private void BeginComplete(JobDecision.Complete complete)
    {
        _end = complete;
        _cancellationTimer?.Dispose();
        _closing = [.. _enumerators.Values];
        if (_closing.Count == 0)
        {
            Complete(complete);
            return;
        }

        foreach (var enumerator in _enumerators.Values)
        {
            enumerator.Stop(error => Tell(() => EnumeratorStopped(enumerator, error)));
        }

        _closingTimer = Scheduler.TimeProvider.CreateTimer(
            static state => ((JobExecution)state!).Tell(((JobExecution)state).GiveUpEnumerators), this, _job.Options.CancellationTimeout, Timeout.InfiniteTimeSpan);
    }

    private void EnumeratorStopped(SplitCoordinator enumerator, Exception? error)
    {
        if (error is not null)
        {
            Log.ErrorWhileEnding(_logger, error, _job.Stream.JobName, enumerator.Description);
        }

        if (_closing.Remove(enumerator) && _closing.Count == 0 && !_done)
        {
            Complete(_end!);
        }
    }

    private void GiveUpEnumerators()
    {
        if (!_done)
        {
            GiveUp(_closing);
            Complete(_end! with { State = JobState.Failed });
        }
    }

    private void Complete(JobDecision.Complete complete)
    {
        _done = true;
        _closingTimer?.Dispose();
        Exception? error = null;
        if (complete.State == JobState.Failed)
        {
            string cause = complete.Error is null ? "" : $"{Name(complete.FailedSubtask)}: {complete.Error.Message}{(complete.WhyNoRestart is { } why ? $" {why}" : "")}";
            error = _stuck is null
                ? new JobFailedException("MR2001", $"Job '{_job.Stream.JobName}' failed. {cause}", Unwrap(complete.Error))
                : new JobFailedException(
                    "MR2002",
                    $"Job '{_job.Stream.JobName}' ended without subtasks that are stuck in a function. {(cause.Length == 0 ? "" : $"It had failed before: {cause} ")}\n{_stuck}"
                    + "Let functions look at RuntimeContext.CancellationToken, or raise CancellationTimeout.",
                    Unwrap(complete.Error));
            Log.JobFailed(_logger, error, _job.Stream.JobName);
        }

        _ended = complete.State;
        _completion.SetResult(new JobOutcome(complete.State, error));
    }

    private static Exception? Unwrap(Exception? error) => error is OperatorException { InnerException: { } inner } ? inner : error;

    private string Name(SubtaskId? subtask) => subtask is { } id ? _subtasks[id].Description : "the job";
}
