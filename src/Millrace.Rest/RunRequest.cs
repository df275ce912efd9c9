namespace Millrace.Rest;

/// <summary>How a job is to be run.</summary>
internal sealed class RunRequest
{
    public string? EntryClass { get; set; }

    public int? Parallelism { get; set; }

    public IReadOnlyList<string>? ProgramArgsList { get; set; }

    public string? SavepointPath { get; set; }

    public bool? AllowNonRestoredState { get; set; }

    /// <summary>The job's name; Flink has its programs say it.</summary>
    public string? JobName { get; set; }

    /// <summary>Options of the job, as <see cref="Hosting.JobSubmission.Settings"/>; in the place of Flink's <c>flinkConfiguration</c>.</summary>
    public IReadOnlyDictionary<string, string>? Settings { get; set; }
}

/// <summary>The job that was submitted.</summary>
internal sealed record RunResponse(string Jobid, string Name);
