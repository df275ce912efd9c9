using Millrace.Runtime.Clustering;
using Millrace.Runtime.Serialization;

namespace Millrace.Hosting;

/// <summary>Builds the jobs of a host anew, as often as they are needed: every worker of a cluster makes its subtasks of a graph of its own.</summary>
/// <param name="registry">What was added to the host.</param>
/// <param name="services">The application's services.</param>
internal sealed class HostedJobBuilder(HostedJobRegistry registry, IServiceProvider services) : IJobBuilder
{
    public IReadOnlyList<string> Names { get; } = [.. registry.Jobs.Select(job => job.Name)];

    public BuiltJob Build(string name, int? parallelism)
    {
        var registration = registry.Jobs.FirstOrDefault(job => job.Name == name) ?? throw ClusterErrors.UnknownJob(name, Names);
        return Build(DeclaredJob.Declare(registration, services, new HostConfiguration(registry.Configuration), parallelism), services);
    }

    /// <summary>Makes a job that is declared ready for several workers.</summary>
    /// <exception cref="MillraceException">MR6208: it cannot run on several.</exception>
    public static BuiltJob Build(DeclaredJob declared, IServiceProvider services)
    {
        var serializers = new SerializerProvider(declared.Environment.Serializers);
        var built = new BuiltJob(declared.Graph, serializers, declared.Environment.LoggerFactory, services, declared.Scope);

        // Splits travel from the enumerator to readers on other workers, also where no checkpoints are taken.
        foreach (var node in declared.Graph.Stream.Nodes)
        {
            if (node.Source?.CheckSnapshots(serializers).FirstOrDefault() is { } problem)
            {
                built.Release(null);
                throw ClusterErrors.NotForCluster(declared.Graph.Stream.JobName, $"source {node}: {problem}");
            }
        }

        return built;
    }
}
