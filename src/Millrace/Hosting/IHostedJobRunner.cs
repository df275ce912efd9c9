using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Millrace.Hosting;

/// <summary>Runs the jobs of a host in its stead. The host still declares and checks them at its start, and starts none.</summary>
internal interface IHostedJobRunner
{
    /// <summary>A sentence for whoever asks this host for the handle of a job: what to use instead.</summary>
    string Instead { get; }

    /// <summary>Looks at the jobs once they are prepared. Throws where one cannot be run.</summary>
    void Check(IReadOnlyList<HostedJob> jobs);

    /// <summary>How a job fares.</summary>
    /// <returns>The status, and what is said of it unless all is well.</returns>
    Task<(HealthStatus Health, string? Why)> LookAsync(string job, IDictionary<string, object> data, CancellationToken cancellationToken);
}
