using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;

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
            var execution = JobExecution.OnOneWorker(job, scheduler, new SerializerProvider(environment.Serializers), environment.LoggerFactory);
            var client = new JobClient(execution, lease, environment.TimeProvider);
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
        return outcome.Error is { } error ? throw error : new JobResult(JobName, outcome.State, GetMetrics());
    }
}
