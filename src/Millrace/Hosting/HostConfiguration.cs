using Microsoft.Extensions.Configuration;
using Millrace.Configuration;

namespace Millrace.Hosting;

/// <summary>The section <c>Millrace</c> of an application: the options of all its jobs, in <c>Jobs</c> those of single ones, in <c>Host</c> those of the host, and in <c>Cluster</c> those of a cluster, which its package binds.</summary>
/// <param name="configuration">The application's configuration.</param>
internal sealed class HostConfiguration(IConfiguration configuration)
{
    private const string Jobs = "Jobs";
    private const string Host = "Host";
    private const string Cluster = "Cluster";

    private readonly IConfigurationSection _section = configuration.GetSection("Millrace");

    public void BindHost(MillraceHostOptions options, IReadOnlyList<string> jobs) => WithSource(() =>
    {
        new ConfigurationKeys(_section.GetSection(Host), "").Bind(
            ("Shutdown", value => options.Shutdown = value.OneOf<JobShutdown>()),
            ("SavepointFolder", value => options.SavepointFolder = value.Text()),
            ("OnJobFailure", value => options.OnJobFailure = value.OneOf<JobFailureAction>()),
            ("StopWhenFinished", value => options.StopWhenFinished = value.Boolean()),
            ("DegradedAfterIntervals", value => options.DegradedAfterIntervals = value.Integer() is > 0 and var intervals ? intervals : throw value.Refuse("a number from 1")));

        var section = _section.GetSection(Jobs);
        if (section.Value is { Length: > 0 } text)
        {
            throw ConfigurationErrors.WrongValue(section.Path, text, "a section with the names of jobs");
        }

        foreach (var job in section.GetChildren())
        {
            if (!jobs.Contains(job.Key, StringComparer.OrdinalIgnoreCase))
            {
                throw ConfigurationErrors.UnknownKey(job.Path, section.Path, job.Key, jobs, "The host has no job of that name.");
            }
        }
    });

    public void BindJob(ExecutionOptions options, string job) => WithSource(() =>
    {
        MillraceConfiguration.Bind(options, _section, Jobs, Host, Cluster);
        options.Configure(_section.GetSection(Jobs).GetSection(job));
    });

    /// <summary>Binds the section of a cluster.</summary>
    public void BindCluster(Action<IConfigurationSection> bind) => WithSource(() => bind(_section.GetSection(Cluster)));

    /// <summary>Says of an error in which file, or where else, the wrong key stands: an application has several places for it.</summary>
    private void WithSource(Action bind)
    {
        try
        {
            bind();
        }
        catch (GraphException error) when (SourceOf(error) is { } source)
        {
            throw new GraphException(error.Code, $"{error.Words} It comes from {source}.", error);
        }
    }

    private string? SourceOf(GraphException error) => error.Data[ConfigurationErrors.PathData] is string path && configuration is IConfigurationRoot root
        ? root.Providers.LastOrDefault(provider => Has(provider, path))?.ToString()
        : null;

    private static bool Has(IConfigurationProvider provider, string path) => provider.TryGet(path, out _) || provider.GetChildKeys([], path).Any();
}
