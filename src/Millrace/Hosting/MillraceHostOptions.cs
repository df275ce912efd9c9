namespace Millrace.Hosting;

/// <summary>What a host that shuts down does with jobs that run.</summary>
public enum JobShutdown
{
    /// <summary>They are cancelled. Their last checkpoint is kept (unless <c>Checkpoints:Retention</c> says otherwise), and the next start goes on from it.</summary>
    Cancel,

    /// <summary>They are stopped with a savepoint, and the next start goes on from it: nothing is read twice, and transactions of sinks are committed. Takes as long as a savepoint does.</summary>
    Savepoint,

    /// <summary>They are stopped with a savepoint, and their input counts as ended: open windows fire. For jobs that are not to go on.</summary>
    Drain,
}

/// <summary>What a host does when a job has failed for good: its restart strategy gives no further attempt.</summary>
public enum JobFailureAction
{
    /// <summary>The host stops, with its other jobs, and the process ends with the exit code 1, so that what supervises it starts it again.</summary>
    StopHost,

    /// <summary>The host and its other jobs go on. The failure is in the log and in the health check.</summary>
    Continue,
}

/// <summary>How a host deals with its jobs. In configuration: the section <c>Millrace:Host</c>, which overrides what is set in code.</summary>
public sealed class MillraceHostOptions
{
    /// <summary>What is done with running jobs when the host shuts down.</summary>
    /// <value>Default: <see cref="JobShutdown.Cancel"/>, which is the fastest and loses nothing.</value>
    public JobShutdown Shutdown { get; set; }

    /// <summary>The folder of the savepoints that <see cref="Shutdown"/> takes, in the storage of the job's checkpoints. Each gets a folder in it, of the job's id and the time.</summary>
    /// <value>Default: <c>savepoints</c>.</value>
    public string SavepointFolder { get; set; } = "savepoints";

    /// <summary>What is done when a job has failed for good.</summary>
    /// <value>Default: <see cref="JobFailureAction.StopHost"/>, as with the host's background services.</value>
    public JobFailureAction OnJobFailure { get; set; }

    /// <summary>Whether the host stops when all jobs have ended: for a program that is there for bounded jobs.</summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool StopWhenFinished { get; set; }

    /// <summary>After how many intervals without a completed checkpoint the health check says that a job is degraded.</summary>
    /// <value>At least 1. Default: 3: one that is slow and one that was given up are nothing yet.</value>
    public int DegradedAfterIntervals { get; set; } = 3;
}
