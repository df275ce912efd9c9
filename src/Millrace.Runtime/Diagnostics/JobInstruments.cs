using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;

namespace Millrace.Runtime.Diagnostics;

/// <summary>
/// What the jobs of this process publish through <c>System.Diagnostics.Metrics</c>: the numbers of Apache Flink under its names, behind <c>millrace.</c>. All are asked for and
/// none is pushed, so they cost nothing while nobody listens. The path of the last checkpoint is not among them: as a tag it would be another time series every few seconds. A job is published from its registration to its end.
/// </summary>
internal static class JobInstruments
{
    public const string MeterName = "Millrace";

    private static readonly Meter Meter = new(MeterName, typeof(JobInstruments).Assembly.GetName().Version?.ToString(3));
    private static readonly ConcurrentDictionary<JobExecution, KeyValuePair<string, object?>[]> Jobs = new();

    private static readonly ConcurrentDictionary<IRunningSubtasks, KeyValuePair<string, object?>[]> Shares = new();

    // Of a distributed job the subtasks are those of workers, also where its coordinator is in the same process.
    private static readonly TaskInstruments Tasks = new(
        Meter, static () => Jobs.Where(IsRunning).Select(static entry => KeyValuePair.Create<IRunningSubtasks, KeyValuePair<string, object?>[]>(entry.Key, entry.Value)).Concat(Shares));

    static JobInstruments()
    {
        OfCheckpoints();
        OfJobs();
        OfTasks();
        Tasks.Create();
    }

    /// <summary>The metrics of functions.</summary>
    public static UserInstruments OfUsers { get; } = new(Meter, Tasks);

    /// <summary>Publishes a job until it has ended.</summary>
    public static void Register(JobExecution job)
    {
        Jobs[job] = TagsOf(job.Job.Stream.JobName, job.JobId);
        _ = job.Completion.ContinueWith(
            static (_, state) => Jobs.TryRemove((JobExecution)state!, out KeyValuePair<string, object?>[]? _), job, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Publishes a worker's subtasks of a job whose coordinator may be elsewhere.</summary>
    /// <param name="subtasks">The subtasks.</param>
    /// <param name="jobName">The job.</param>
    /// <param name="jobId">The name under which its checkpoints are kept.</param>
    public static void Register(IRunningSubtasks subtasks, string jobName, string jobId) => Shares[subtasks] = TagsOf(jobName, jobId);

    /// <summary>They are published no more.</summary>
    public static void Unregister(IRunningSubtasks subtasks) => Shares.TryRemove(subtasks, out _);

    private static KeyValuePair<string, object?>[] TagsOf(string jobName, string jobId) => [new("job", jobName), new("job_id", jobId)];

    private static void OfCheckpoints()
    {
        Gauge("lastCheckpointDuration", "ms", "How long the last completed checkpoint took.", job => (long?)Latest(job)?.Duration?.TotalMilliseconds);
        Gauge("lastCheckpointSize", "By", "What the last completed checkpoint wrote anew: less than its full size where checkpoints are incremental.", job => Latest(job)?.WrittenBytes);
        Gauge("lastCheckpointFullSize", "By", "The size of all state in the last completed checkpoint.", job => Latest(job)?.StateBytes);
        Gauge("lastCompletedCheckpointId", null, "The number of the last completed checkpoint.", job => Latest(job)?.Id);
        Gauge("lastCheckpointCompletedTimestamp", "ms", "When the last checkpoint was completed, since 1970-01-01 UTC.", job => Latest(job)?.EndedAt);
        Gauge("lastCheckpointRestoreTimestamp", "ms", "When the job went on from a checkpoint or savepoint last, since 1970-01-01 UTC.", job => Overview(job)?.LatestRestored?.RestoredAt);
        Gauge("numberOfInProgressCheckpoints", "{checkpoint}", "Checkpoints and savepoints under way.", job => Overview(job)?.Counts.InProgress);
        Counter("numberOfCompletedCheckpoints", "{checkpoint}", "Checkpoints and savepoints that were completed.", job => Overview(job)?.Counts.Completed);
        Counter("numberOfFailedCheckpoints", "{checkpoint}", "Checkpoints and savepoints that were given up.", job => Overview(job)?.Counts.Failed);
        Counter("totalNumberOfCheckpoints", "{checkpoint}", "Checkpoints and savepoints that were begun.", job => Overview(job)?.Counts.Triggered);
    }

    // One that has just ended is taken out by another thread, perhaps a moment later.
    private static bool IsRunning(KeyValuePair<JobExecution, KeyValuePair<string, object?>[]> entry) => !entry.Key.Completion.IsCompleted;

    private static void OfJobs()
    {
        Counter("numRestarts", "{restart}", "How often the job or a part of it was started again.", job => job.Failures.Restarts);
        Gauge("uptime", "ms", "How long the job has been running without interruption; 0 while it is not.", job => job.Times.Uninterrupted(JobState.Running, job.Now));
        Gauge("downtime", "ms", "How long the present outage has lasted; 0 while the job runs.", job => job.Times.Uninterrupted(JobState.Restarting, job.Now));
        Counter("runningTimeTotal", "ms", "How long the job has been running in all.", job => job.Times.TimeIn(JobState.Running, job.Now));
        Counter("restartingTimeTotal", "ms", "How long the job has been restarting in all.", job => job.Times.TimeIn(JobState.Restarting, job.Now));
        Gauge("slots", "{slot}", "The slots of the cluster that the job takes; not there for a job that is not distributed.", job => job.Slots);
        Gauge("pendingRecords", "{record}", "Records that all sources together could read and have not read, in splits that no reader has too; not there where one of them does not know.", job => (long?)job.PendingRecords);
        OfState(JobState.Running, "running");
        OfState(JobState.Restarting, "restarting");
        OfState(JobState.Failing, "failing");
        OfState(JobState.Cancelling, "cancelling");
    }

    // The reference's names of each state that lasts: whether, and since when.
    private static void OfState(JobState state, string name)
    {
        Gauge($"{name}State", null, $"1 while the job is {name}, 0 while it is not.", job => job.State == state ? 1 : 0);
        Gauge($"{name}Time", "ms", $"How long the job has been {name} without interruption; 0 while it is not.", job => job.Times.Uninterrupted(state, job.Now));
    }

    private static void OfTasks()
    {
        PerSubtask("checkpointAlignmentTime", "How long the subtask waited from the first barrier of the last completed checkpoint to the last.", statistics => statistics.Alignment);
        PerSubtask("checkpointStartDelayNanos", "From the beginning of the last completed checkpoint to its first barrier in the subtask.", statistics => statistics.StartDelay);
    }

    private static CheckpointOverview? Overview(JobExecution job) => job.CheckpointHistory?.Current;

    private static CheckpointRecord? Latest(JobExecution job) => Overview(job)?.LatestCompleted;

    private static void Gauge(string name, string? unit, string description, Func<JobExecution, long?> value) =>
        Meter.CreateObservableGauge($"millrace.job.{name}", () => Measure(value), unit, description);

    private static void Counter(string name, string unit, string description, Func<JobExecution, long?> value) =>
        Meter.CreateObservableCounter($"millrace.job.{name}", () => Measure(value), unit, description);

    private static IEnumerable<Measurement<long>> Measure(Func<JobExecution, long?> value)
    {
        foreach (var (job, tags) in Jobs.Where(IsRunning))
        {
            if (value(job) is { } measured)
            {
                yield return new Measurement<long>(measured, tags);
            }
        }
    }

    private static void PerSubtask(string name, string description, Func<SnapshotStatistics, double> milliseconds)
    {
        Meter.CreateObservableGauge($"millrace.task.{name}", Measure, "ns", description);

        IEnumerable<Measurement<long>> Measure()
        {
            foreach (var (job, tags) in Jobs.Where(IsRunning))
            {
                foreach (var (subtask, _, _, statistics) in Latest(job)?.Subtasks ?? [])
                {
                    yield return new Measurement<long>(
                        (long)(milliseconds(statistics) * 1_000_000),
                        [.. tags, new("task_name", job.Job.Vertices[subtask.Vertex].Name), new("subtask_index", subtask.Index)]);
                }
            }
        }
    }
}
