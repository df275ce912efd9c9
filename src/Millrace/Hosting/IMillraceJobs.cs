using System.Diagnostics.CodeAnalysis;

namespace Millrace.Hosting;

/// <summary>The jobs of this host, to be injected wherever they are looked at or steered: an endpoint that takes a savepoint, a page with metrics. Safe for use by several threads.</summary>
/// <example><code>app.MapPost("/savepoint", (IMillraceJobs jobs) =&gt; jobs["orders"].TriggerSavepointAsync("savepoints/by-hand"));</code></example>
public interface IMillraceJobs
{
    /// <summary>The names of all jobs, in the order in which they were added.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>The handle on a job that has been started; it can be asked after the job's end too. Do not dispose of it: that cancels the job.</summary>
    /// <param name="name">The job's name, in any case of letters.</param>
    /// <returns>The handle.</returns>
    /// <exception cref="KeyNotFoundException">There is no job of that name.</exception>
    /// <exception cref="InvalidOperationException">The host has not started the job yet.</exception>
    JobClient this[string name] { get; }

    /// <summary>The handle on a job, if there is one of that name and it has been started.</summary>
    /// <param name="name">The job's name, in any case of letters.</param>
    /// <param name="client">The handle.</param>
    /// <returns>Whether there is one.</returns>
    bool TryGet(string name, [NotNullWhen(true)] out JobClient? client);
}
