using Millrace.Runtime.Graph;

namespace Millrace;

/// <summary>A job as it would run.</summary>
public sealed class JobPlan
{
    private readonly JobGraph _job;

    internal JobPlan(JobGraph job)
    {
        _job = job;
    }

    /// <summary>A hash of all that must be the same on every worker: operators, types, streams, uids, declared parallelism.</summary>
    public string Fingerprint => _job.Fingerprint;

    /// <summary>The plan for people: tasks, their operators and inputs.</summary>
    /// <returns>Several lines of text.</returns>
    public override string ToString() => GraphPrinter.ToText(_job);

    /// <summary>The plan for tools: operators and streams, with the field names of Flink's execution plan.</summary>
    /// <returns>A JSON object.</returns>
    public string ToJson() => GraphPrinter.ToJson(_job);
}
