using Microsoft.Extensions.Logging;
using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Tasks;

namespace Millrace.Cluster.Coordination;

/// <summary>
/// Leads one job in one term: builds its graph, runs it over the workers of the cluster, and again with another parallelism when that changes. When it is disposed of the job goes on under another coordinator, from its latest
/// checkpoint.
/// </summary>
internal sealed class JobMaster : IJobMaster
{
    private readonly string _job;
    private readonly long _term;
    private readonly IJobBuilder _builder;
    private readonly IClusterView _cluster;
    private readonly IDataPlane _dataPlane;
    private readonly TimeSpan _slotTimeout;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource<(JobState State, string? Error)> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _rescaling = new(1, 1);
    private readonly Lock _gate = new();
    private readonly Task _run;
    private int? _parallelism;
    private int? _next;
    private Running? _running;
    private bool _isCancelled;
    private bool _isDisposed;
    private string? _waiting;

    /// <param name="job">The job.</param>
    /// <param name="record">What the cluster remembers of it; the term has been raised and written.</param>
    /// <param name="builder">Builds the job.</param>
    /// <param name="cluster">Who is alive.</param>
    /// <param name="dataPlane">Dials workers.</param>
    /// <param name="slotTimeout">How long a deployment waits for slots.</param>
    /// <param name="loggers">Makes loggers.</param>
    public JobMaster(string job, JobRecord record, IJobBuilder builder, IClusterView cluster, IDataPlane dataPlane, TimeSpan slotTimeout, ILoggerFactory loggers)
    {
        _job = job;
        _term = record.Term;
        _parallelism = record.Parallelism;
        _builder = builder;
        _cluster = cluster;
        _dataPlane = dataPlane;
        _slotTimeout = slotTimeout;
        _loggers = loggers;
        _logger = loggers.CreateLogger("Millrace.Job");
        Runtime.Clustering.Log.Leads(_logger, job, _term);
        _run = Task.Run(RunAsync);
    }

    public Task<(JobState State, string? Error)> Completion => _completion.Task;

    public JobMasterStatus Status
    {
        get
        {
            Running? running;
            lock (_gate)
            {
                running = _running;
            }

            if (running is not { Execution: { } execution, Host: { } host })
            {
                return new JobMasterStatus(JobState.Created, _term, 0, [], _waiting, 0, null, null);
            }

            var placement = host.Placement;
            var failures = execution.Failures;
            return new JobMasterStatus(
                execution.State,
                _term,
                execution.Job.Options.Parallelism,
                [.. JobTopology.Of(execution.Job).Subtasks.Select(subtask => new SubtaskStatus(
                    $"{execution.Job.Vertices[subtask.Vertex].Name} ({subtask.Index + 1}/{execution.Job.Vertices[subtask.Vertex].Parallelism})",
                    execution.StateOf(subtask).ToString(),
                    placement.GetValueOrDefault(subtask)?.Name))],
                Volatile.Read(ref _waiting),
                failures.Restarts,
                execution.CheckpointHistory?.Current.Records.FindLast(record => record.Status == CheckpointStatus.Completed)?.Id,
                failures.Records.LastOrDefault()?.Error.Message);
        }
    }

    public void Cancel()
    {
        lock (_gate)
        {
            _isCancelled = true;
            _running?.Execution.Cancel();
        }
    }

    public Task<string> TriggerCheckpointAsync() => Current().RequestAsync(SnapshotKind.Checkpoint);

    public Task<string> TriggerSavepointAsync(string folder, SavepointFormat format) => Current().RequestAsync(KindOf(format), folder);

    public Task<string> StopWithSavepointAsync(string folder, bool drain, SavepointFormat format) =>
        Current().RequestAsync(KindOf(format), folder, drain ? StopMode.Drain : StopMode.Suspend);

    public async Task RescaleAsync(int parallelism)
    {
        // A graph that is wrong with it says so here, and the job goes on.
        using (_builder.Build(_job, parallelism))
        {
        }

        await _rescaling.WaitAsync().ConfigureAwait(false);
        try
        {
            var execution = Current();
            await execution.RequestAsync(SnapshotKind.Checkpoint).ConfigureAwait(false);
            lock (_gate)
            {
                _next = parallelism;
            }

            execution.Suspend();
            await execution.Completion.ConfigureAwait(false);
        }
        finally
        {
            _rescaling.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _running?.Execution.Suspend();
        }

        await _run.ConfigureAwait(false);
        _rescaling.Dispose();
    }

    private static SnapshotKind KindOf(SavepointFormat format) => format == SavepointFormat.Native ? SnapshotKind.NativeSavepoint : SnapshotKind.CanonicalSavepoint;

    private JobExecution Current()
    {
        lock (_gate)
        {
            return _running?.Execution ?? throw new InvalidOperationException($"Job '{_job}' is just being started: try again in a moment.");
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var outcome = await RunOnceAsync().ConfigureAwait(false);
                lock (_gate)
                {
                    if (outcome.State != JobState.Suspended)
                    {
                        _completion.TrySetResult((outcome.State, outcome.Error?.Message));
                        return;
                    }

                    if (_isDisposed)
                    {
                        _completion.TrySetCanceled();
                        return;
                    }

                    _parallelism = _next ?? _parallelism;
                    _next = null;
                }
            }
        }
        catch (Exception error)
        {
            _completion.TrySetResult((JobState.Failed, error.Message));
        }
    }

    private async Task<JobOutcome> RunOnceAsync()
    {
        using var built = _builder.Build(_job, _parallelism);
        using var threads = EngineThreads.Acquire(TimeProvider.System);
        var graph = built.Graph;
        var key = new ControlConnectionKey(graph.Options.Checkpoints.JobId ?? JobIds.From(_job), _job, _term);
        using var host = new DistributedHost(graph, key, _cluster, _dataPlane, built.Serializers, threads.Scheduler, _slotTimeout, _loggers)
        {
            Waits = waiting => Volatile.Write(ref _waiting, waiting),
        };
        var execution = new JobExecution(graph, host, threads.Scheduler, built.Serializers, built.Loggers, Random.Shared);
        lock (_gate)
        {
            _running = new Running(execution, host);
            if (_isDisposed)
            {
                execution.Suspend();
            }
            else if (_isCancelled)
            {
                execution.Cancel();
            }
        }

        execution.Start();
        return await execution.Completion.ConfigureAwait(false);
    }

    private sealed record Running(JobExecution Execution, DistributedHost Host);
}

/// <summary>Makes coordinators of the jobs that this host was given.</summary>
/// <param name="builder">Builds the jobs.</param>
/// <param name="slotTimeout">How long a deployment waits for slots.</param>
/// <param name="loggers">Makes loggers.</param>
internal sealed class JobMasterFactory(IJobBuilder builder, TimeSpan slotTimeout, ILoggerFactory loggers) : IJobMasterFactory
{
    public IReadOnlyList<string> Jobs => builder.Names;

    public IJobMaster Start(string job, JobRecord record, IClusterView cluster, IDataPlane dataPlane) => new JobMaster(job, record, builder, cluster, dataPlane, slotTimeout, loggers);
}
