using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Graph;
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
        var options = new ExecutionOptions();
        registration.Configure?.Invoke(options);
        new HostConfiguration(registry.Configuration).BindJob(options.UseHostedDefaults(), name);
        options.Parallelism = parallelism ?? options.Parallelism;
        var scope = services.CreateAsyncScope();
        try
        {
            var environment = new StreamExecutionEnvironment(options)
            {
                Services = services,
                LoggerFactory = services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            };
            registration.Build(scope.ServiceProvider, environment);
            var graph = environment.BuildJobGraph(name);
            RequireSerializable(graph, environment);
            return new BuiltJob(graph, new SerializerProvider(environment.Serializers), environment.LoggerFactory, services, scope);
        }
        catch
        {
            scope.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
    }

    /// <summary>Splits travel from the enumerator to readers on other workers, also where no checkpoints are taken.</summary>
    private static void RequireSerializable(JobGraph graph, StreamExecutionEnvironment environment)
    {
        foreach (var node in graph.Stream.Nodes)
        {
            if (node.Source?.CheckSnapshots(new SerializerProvider(environment.Serializers)).FirstOrDefault() is { } problem)
            {
                throw ClusterErrors.NotForCluster(graph.Stream.JobName, $"source {node}: {problem}");
            }
        }
    }
}
