namespace Millrace;

/// <summary>The states of a job, as in Apache Flink.</summary>
public enum JobState
{
    /// <summary>Known, not started.</summary>
    Created,

    /// <summary>Runs.</summary>
    Running,

    /// <summary>Failed, and is being started again.</summary>
    Restarting,

    /// <summary>Failed, and waits for its subtasks to end.</summary>
    Failing,

    /// <summary>Ended by an error.</summary>
    Failed,

    /// <summary>Was cancelled, and waits for its subtasks to end.</summary>
    Cancelling,

    /// <summary>Ended because it was cancelled.</summary>
    Canceled,

    /// <summary>Ended with its inputs.</summary>
    Finished,

    /// <summary>Gave up leadership; another coordinator goes on.</summary>
    Suspended,

    /// <summary>Finds out what still runs after the coordinator moved.</summary>
    Reconciling,
}
