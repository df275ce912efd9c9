using Millrace.Checkpointing;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Diagnostics;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Runtime.Time;

namespace Millrace;

/// <summary>A handle on a job that runs inside this process. Safe for use by several threads.</summary>
/// <remarks>Disposing of it cancels the job if it still runs, waits for its end, and gives back its share of the engine's threads.</remarks>
public sealed class JobClient : IAsyncDisposable
{
    private readonly JobExecution _execution;
    private readonly IDisposable _threads;
    private readonly TimeProvider _timeProvider;
    private readonly long _started;
    private readonly Task<JobResult> _completion;

    private JobClient(JobExecution execution, IDisposable threads, TimeProvider timeProvider)
    {
        _execution = execution;
        _threads = threads;
        _timeProvider = timeProvider;
        _started = timeProvider.GetTimestamp();
        _completion = CompleteAsync();
    }

    /// <summary>The job itself, for tests.</summary>
    internal JobExecution Execution => _execution;

    /// <summary>The job's name.</summary>
    public string JobName => _execution.Job.Stream.JobName;

    /// <summary>The state that the job is in.</summary>
    public JobState State => _execution.State;

    /// <summary>Complete when the job has finished or was cancelled; faulted with <see cref="JobFailedException"/> when it failed.</summary>
    public Task<JobResult> Completion => _completion;

    /// <summary>Ends the job: sources stop, functions are closed. Returns at once; <see cref="Completion"/> tells when it has ended.</summary>
    public void Cancel() => _execution.Cancel();

    /// <summary>What every operator has done so far. Cheap enough to be asked several times a second.</summary>
    /// <returns>A snapshot.</returns>
    public JobMetrics GetMetrics() => JobMetrics.From(_execution, _timeProvider.GetElapsedTime(_started));

    /// <summary>How far event time has come in every operator, and who holds it back: which split of which source, or which operator.</summary>
    /// <returns>A snapshot, sources first. Of splits it has what they were at the last watermark interval.</returns>
    /// <example><code>foreach (var op in client.GetWatermarks()) Console.WriteLine($"{op.Name}: {EventTime.Format(op.Watermark)}, held back by {op.HeldBackBy}");</code></example>
    public IReadOnlyList<OperatorWatermark> GetWatermarks() => WatermarkHolders.Find(_execution.Job, _execution.Subtasks);

    /// <summary>How the job's checkpoints and savepoints went in this run of the program. Copies the history: for a page or a command, not for a loop.</summary>
    /// <returns>A snapshot; empty where the job keeps no checkpoints.</returns>
    public CheckpointStatistics GetCheckpoints() => CheckpointSummaries.From(_execution);

    /// <summary>What failed in this run of the program, and what it led to.</summary>
    /// <returns>A snapshot.</returns>
    public JobFailures GetFailures() => JobFailures.From(_execution);

    /// <summary>Takes a checkpoint now, beside those of the interval.</summary>
    /// <returns>Complete when the checkpoint is: its folder in the storage.</returns>
    /// <exception cref="MillraceException">It could not be taken, or the job keeps no checkpoints.</exception>
    public Task<string> TriggerCheckpointAsync() => _execution.RequestAsync(SnapshotKind.Checkpoint);

    /// <summary>Takes a savepoint: all state of the job, which is the user's to keep, to move and to start other versions of the job from.</summary>
    /// <param name="folder">Where to, in the storage of the job's checkpoints; there is no savepoint yet. For example <c>savepoints/before-upgrade</c>.</param>
    /// <param name="format">Canonical savepoints can be read by any backend.</param>
    /// <returns>Complete when the savepoint is: its folder, for <see cref="RestoreOptions"/>.</returns>
    /// <exception cref="MillraceException">It could not be taken, or the job keeps no checkpoints.</exception>
    public Task<string> TriggerSavepointAsync(string folder, SavepointFormat format = SavepointFormat.Canonical)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return _execution.RequestAsync(KindOf(format), folder);
    }

    /// <summary>Takes a savepoint and ends the job with it: everything before the savepoint is committed, nothing behind it is read. The job ends as <see cref="JobState.Finished"/>.</summary>
    /// <param name="folder">Where to, in the storage of the job's checkpoints.</param>
    /// <param name="drain">
    /// Whether the input counts as ended: windows that are open fire and timers run out, as if nothing would ever come again. For a job that is not to go on.
    /// </param>
    /// <param name="format">Canonical savepoints can be read by any backend.</param>
    /// <returns>Complete when the savepoint is; <see cref="Completion"/> follows.</returns>
    /// <exception cref="MillraceException">It could not be taken: the job goes on, or, where it was being drained, starts again.</exception>
    public Task<string> StopWithSavepointAsync(string folder, bool drain = false, SavepointFormat format = SavepointFormat.Canonical)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return _execution.RequestAsync(KindOf(format), folder, drain ? StopMode.Drain : StopMode.Suspend);
    }

    private static SnapshotKind KindOf(SavepointFormat format) => format == SavepointFormat.Native ? SnapshotKind.NativeSavepoint : SnapshotKind.CanonicalSavepoint;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _execution.Cancel();
        await _execution.Completion.ConfigureAwait(false);
        _threads.Dispose();

        // Whoever did not wait for the job does not want its error either.
        await _completion.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
    }

    internal static JobClient Start(JobGraph job, StreamExecutionEnvironment environment)
    {
        var lease = EngineThreads.Acquire(environment.TimeProvider);
        var scheduler = lease.Scheduler;
        try
        {
            var execution = JobExecution.OnOneWorker(job, scheduler, new SerializerProvider(environment.Serializers), environment.LoggerFactory, services: environment.Services);
            var client = new JobClient(execution, lease, environment.TimeProvider);
            JobInstruments.Register(execution);
            execution.Start();
            return client;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    private async Task<JobResult> CompleteAsync()
    {
        var outcome = await _execution.Completion.ConfigureAwait(false);
        _threads.Dispose();
        return outcome.Error is { } error ? throw error : new JobResult(JobName, outcome.State, GetMetrics()) { FinishedBefore = outcome.FinishedBefore };
    }
}
