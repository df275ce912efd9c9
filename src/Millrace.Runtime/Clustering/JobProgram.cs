namespace Millrace.Runtime.Clustering;

/// <summary>Where a job comes from that is none of the process's own: a program that was submitted, and what it is to be run with. It travels with the first order, so that a worker needs to know nothing of the job before.</summary>
/// <param name="Id">The program: the SHA-256 of its content, in lower-case hexadecimal digits.</param>
/// <param name="EntryType">The full name of the job's class; null for the only one.</param>
/// <param name="Submission">Names this submission: another one for every job that was ever submitted.</param>
internal sealed record JobProgram(string Id, string? EntryType, string Submission)
{
    /// <summary>What the job is given as its arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>What goes before the worker's configuration: keys as in <c>Millrace:Jobs:name</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
