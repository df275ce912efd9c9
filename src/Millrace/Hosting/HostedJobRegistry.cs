using Microsoft.Extensions.Configuration;

namespace Millrace.Hosting;

/// <summary>A job that was added to a host.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Build">Declares it, with services of its own scope.</param>
/// <param name="Configure">Sets its options.</param>
internal sealed record JobRegistration(string Name, Action<IServiceProvider, StreamExecutionEnvironment> Build, Action<ExecutionOptions>? Configure);

/// <summary>What is said to a host before it is built: its jobs, and what configures them.</summary>
/// <param name="configuration">The application's configuration.</param>
internal sealed class HostedJobRegistry(IConfiguration configuration)
{
    private readonly List<JobRegistration> _jobs = [];

    public IConfiguration Configuration => configuration;

    public IReadOnlyList<JobRegistration> Jobs => _jobs;

    public MillraceHostOptions Options { get; } = new();

    public void Add(JobRegistration job)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(job.Name, "name");
        if (job.Name.Contains(':', StringComparison.Ordinal))
        {
            throw new ArgumentException($"The job's name '{job.Name}' has a colon, which divides the keys of a configuration: Millrace:Jobs:{job.Name} could not be told from other keys.", "name");
        }

        if (_jobs.Exists(other => string.Equals(other.Name, job.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new InvalidOperationException(
                $"There is a job called '{job.Name}' already (the case of letters does not count): configuration and checkpoints go by the name. Give one of them another, with AddJob's parameter name.");
        }

        _jobs.Add(job);
    }
}
