using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Runtime.Graph;

namespace Millrace.Hosting;

/// <summary>A job of a host, declared and checked, with the scope that it took services from. Nothing of it runs.</summary>
/// <param name="Environment">What it was declared in.</param>
/// <param name="Graph">The graph.</param>
/// <param name="Scope">The scope; disposed of when nothing of the job runs any more.</param>
/// <param name="HasDefaultStorage">Whether nobody has said where checkpoints go, so that they go into a folder of this machine.</param>
internal sealed record DeclaredJob(StreamExecutionEnvironment Environment, JobGraph Graph, AsyncServiceScope Scope, bool HasDefaultStorage)
{
    /// <summary>Declares a job.</summary>
    /// <param name="registration">What was added to the host.</param>
    /// <param name="services">The application's services.</param>
    /// <param name="configuration">The host's configuration.</param>
    /// <param name="parallelism">The default parallelism; null for what options and configuration say.</param>
    /// <exception cref="GraphException">The graph, or the configuration, is wrong.</exception>
    public static DeclaredJob Declare(JobRegistration registration, IServiceProvider services, HostConfiguration configuration, int? parallelism = null)
    {
        var options = new ExecutionOptions();
        registration.Configure?.Invoke(options);
        bool hasStorage = options.Checkpoints.Storage is not null;
        var storage = options.UseHostedDefaults().Checkpoints.Storage;
        configuration.BindJob(options, registration.Name);
        options.Parallelism = parallelism ?? options.Parallelism;
        var scope = services.CreateAsyncScope();
        try
        {
            var environment = new StreamExecutionEnvironment(options)
            {
                Services = services,
                TimeProvider = services.GetService<TimeProvider>() ?? TimeProvider.System,
                LoggerFactory = services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            };
            registration.Build(scope.ServiceProvider, environment);
            return new DeclaredJob(environment, environment.BuildJobGraph(registration.Name), scope, !hasStorage && ReferenceEquals(options.Checkpoints.Storage, storage));
        }
        catch
        {
            // Nothing was done with what is in it, and whoever declares is not to wait.
            _ = scope.DisposeAsync().AsTask();
            throw;
        }
    }
}
