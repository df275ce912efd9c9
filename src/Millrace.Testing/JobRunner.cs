using Millrace.Runtime.Coordination;
using Millrace.Runtime.Serialization;
using Millrace.Runtime.Tasks;
using Millrace.Testing.Simulation;

namespace Millrace.Testing;

/// <summary>Runs whole jobs inside a test.</summary>
public static class JobRunner
{
    /// <summary>
    /// Runs a job on one thread, in virtual time, on a schedule that a seed decides. The same seed gives the same run; different seeds give
    /// different interleavings of the subtasks. The job's sources and sinks must not wait for anything outside the job.
    /// </summary>
    /// <param name="env">The job.</param>
    /// <param name="seed">Decides the schedule.</param>
    /// <param name="jobName">The job's name.</param>
    /// <returns>How the job went.</returns>
    /// <exception cref="GraphException">The graph is wrong.</exception>
    /// <exception cref="JobFailedException">The job failed.</exception>
    /// <exception cref="InvalidOperationException">The job does not end; the message has the seed.</exception>
    /// <example>
    /// <code>
    /// for (ulong seed = 0; seed &lt; 100; seed++)
    /// {
    ///     var results = new List&lt;int&gt;();
    ///     var env = new StreamExecutionEnvironment();
    ///     MyJob.Build(env, results.Add);
    ///     JobRunner.Run(env, seed);
    ///     Assert.Equal(expected, results.Order());
    /// }
    /// </code>
    /// </example>
    public static JobResult Run(StreamExecutionEnvironment env, ulong seed, string jobName = "test job")
    {
        ArgumentNullException.ThrowIfNull(env);
        var scheduler = new SimulatedScheduler(seed);
        var execution = Prepare(env, scheduler, jobName);
        long started = scheduler.Time.GetTimestamp();
        execution.Start();
        scheduler.RunUntil(() => execution.Completion.IsCompleted);
        return Outcome(execution, jobName, scheduler.Time.GetElapsedTime(started));
    }

    internal static JobExecution Prepare(StreamExecutionEnvironment env, ITaskScheduler scheduler, string jobName) =>
        JobExecution.OnOneWorker(env.BuildJobGraph(jobName), scheduler, new SerializerProvider(env.Serializers), env.LoggerFactory, services: env.Services);

    internal static JobResult Outcome(JobExecution execution, string jobName, TimeSpan elapsed)
    {
        // Complete already: the simulation ran until it was.
        var outcome = execution.Completion.GetAwaiter().GetResult();
        return outcome.Error is { } error ? throw error : new JobResult(jobName, outcome.State, JobMetrics.From(execution, elapsed)) { FinishedBefore = outcome.FinishedBefore };
    }
}
