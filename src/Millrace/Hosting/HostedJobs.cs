using System.Diagnostics.CodeAnalysis;

namespace Millrace.Hosting;

/// <summary>The jobs of a host.</summary>
/// <param name="registry">What was added to it.</param>
/// <param name="runner">Who runs them, where it is not the host itself.</param>
internal sealed class HostedJobs(HostedJobRegistry registry, IHostedJobRunner? runner = null) : IMillraceJobs
{
    public IReadOnlyList<HostedJob> All { get; } = [.. registry.Jobs.Select(job => new HostedJob(job))];

    public IReadOnlyList<string> Names => [.. All.Select(job => job.Name)];

    /// <summary>The host's options; those of the configuration are in them from the start on.</summary>
    public MillraceHostOptions Options => registry.Options;

    public JobClient this[string name] => (Find(name) ?? throw NotFound(name)).Client
        ?? throw new InvalidOperationException(
            runner is null ? $"The job '{name}' has not been started yet: it starts with the host." : $"The job '{name}' has no handle in this process: {runner.Instead}");

    public bool TryGet(string name, [NotNullWhen(true)] out JobClient? client)
    {
        client = Find(name)?.Client;
        return client is not null;
    }

    private HostedJob? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(job => string.Equals(job.Name, name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>What to throw where the host has no job of a name.</summary>
    public KeyNotFoundException NotFound(string name) => new(
        $"This host has no job called '{name}'; {(All.Count == 0 ? "it has none at all: add one with AddMillrace().AddJob." : $"it has {string.Join(", ", Names.Select(known => $"'{known}'"))}.")}");
}
