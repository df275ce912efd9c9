using System.Diagnostics;
using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Coordination;

namespace Millrace.Runtime.Diagnostics;

/// <summary>
/// What jobs trace: spans of whole checkpoints, beginnings and restarts, under the names of Apache Flink, made when they are over. Each is a trace of its own, and nothing is traced per record.
/// </summary>
internal static class JobActivities
{
    public const string SourceName = "Millrace";

    private static readonly ActivitySource Source = new(SourceName, typeof(JobActivities).Assembly.GetName().Version?.ToString(3));

    /// <summary>A checkpoint or savepoint is complete or was given up.</summary>
    public static void Checkpoint(JobExecution job, CheckpointRecord record)
    {
        if (!Source.HasListeners())
        {
            return;
        }

        bool completed = record.Status == CheckpointStatus.Completed;
        Emit(
            "Checkpoint",
            job,
            record.BeganAt,
            record.EndedAt ?? job.Now,
            completed ? null : record.FailureReason ?? "given up",
            new("checkpointId", record.Id),
            new("checkpointType", CheckpointDescription.Of(record.Kind)),
            new("checkpointStatus", completed ? "COMPLETED" : "FAILED"),
            new("checkpointedSize", record.WrittenBytes),
            new("fullSize", record.StateBytes),
            new("inFlightSize", record.InFlightBytes));
    }

    /// <summary>Subtasks have been made, with their state, and run.</summary>
    /// <param name="job">The job.</param>
    /// <param name="beganAt">When they were to be made.</param>
    /// <param name="isRestart">Whether they had run before.</param>
    /// <param name="subtasks">How many.</param>
    /// <param name="restoredFrom">The checkpoint that they began with, if any.</param>
    /// <param name="error">Why they do not run.</param>
    public static void Initialization(JobExecution job, long beganAt, bool isRestart, int subtasks, long? restoredFrom, string? error)
    {
        if (Source.HasListeners())
        {
            Emit("JobInitialization", job, beganAt, job.Now, error, new("isRestart", isRestart), new("subtasks", subtasks), new("restoredCheckpointId", restoredFrom));
        }
    }

    /// <summary>The job, or a part of it, runs again after a failure.</summary>
    /// <param name="job">The job.</param>
    /// <param name="failedAt">When it failed.</param>
    /// <param name="subtask">Where.</param>
    /// <param name="cause">Why.</param>
    /// <param name="error">Why it does not run again.</param>
    public static void Restart(JobExecution job, long failedAt, string subtask, string cause, string? error)
    {
        if (Source.HasListeners())
        {
            Emit("JobRestart", job, failedAt, job.Now, error, new("failedSubtask", subtask), new("cause", cause));
        }
    }

    private static void Emit(string name, JobExecution job, long beganAt, long endedAt, string? error, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // No child of what happens to be current on this thread: that has not caused it.
        var ambient = Activity.Current;
        Activity.Current = null;
        try
        {
            KeyValuePair<string, object?>[] all = [new("job", job.Job.Stream.JobName), new("job_id", job.JobId), .. tags];
            using var activity = Source.StartActivity(ActivityKind.Internal, default, all, null, DateTimeOffset.FromUnixTimeMilliseconds(beganAt), name);
            if (activity is null)
            {
                return;
            }

            if (error is not null)
            {
                activity.SetStatus(ActivityStatusCode.Error, error);
            }

            activity.SetEndTime(DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(beganAt, endedAt)).UtcDateTime);
        }
        finally
        {
            Activity.Current = ambient;
        }
    }
}
