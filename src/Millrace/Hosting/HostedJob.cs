using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;

namespace Millrace.Hosting;

/// <summary>A job of a host, from its declaration to its end.</summary>
/// <param name="registration">What was added to the host.</param>
internal sealed class HostedJob(JobRegistration registration)
{
    private AsyncServiceScope? _scope;
    private StreamExecutionEnvironment? _environment;
    private JobGraph? _graph;
    private JobClient? _client;

    public string Name => registration.Name;

    /// <summary>The handle; null before the start.</summary>
    public JobClient? Client => Volatile.Read(ref _client);

    /// <summary>How the job runs, once it is prepared.</summary>
    public ExecutionOptions Options => _environment!.Options;

    /// <summary>The graph, once the job is prepared.</summary>
    public JobGraph Graph => _graph!;

    /// <summary>The environment that the job was declared in, once it is prepared.</summary>
    public StreamExecutionEnvironment Environment => _environment!;

    /// <summary>Whether nobody has said where checkpoints go, so that they go into a folder of this machine.</summary>
    public bool HasDefaultStorage { get; private set; }

    /// <summary>The clock of the job.</summary>
    public TimeProvider TimeProvider => _environment!.TimeProvider;

    /// <summary>The name under which its checkpoints are kept.</summary>
    public string JobId => Options.Checkpoints.JobId ?? JobIds.From(Name);

    /// <summary>Complete when the job has ended and its services are disposed.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>Declares the job and checks it. Nothing runs.</summary>
    public void Prepare(IServiceProvider services, HostConfiguration configuration)
    {
        var options = new ExecutionOptions();
        registration.Configure?.Invoke(options);
        bool hasStorage = options.Checkpoints.Storage is not null;
        var storage = options.UseHostedDefaults().Checkpoints.Storage;
        configuration.BindJob(options, Name);
        HasDefaultStorage = !hasStorage && ReferenceEquals(options.Checkpoints.Storage, storage);
        _scope = services.CreateAsyncScope();
        _environment = new StreamExecutionEnvironment(options)
        {
            Services = services,
            TimeProvider = services.GetService<TimeProvider>() ?? TimeProvider.System,
            LoggerFactory = services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
        };
        registration.Build(_scope.Value.ServiceProvider, _environment);
        _graph = _environment.BuildJobGraph(Name);
    }

    public JobClient Start()
    {
        var client = JobClient.Start(_graph!, _environment!);
        Volatile.Write(ref _client, client);
        return client;
    }

    /// <summary>What would become of saved state, of a job that is prepared.</summary>
    public Task<Checkpointing.UpgradeReport> CheckUpgradeAsync(Checkpointing.UpgradeCheckOptions options, CancellationToken cancellationToken) =>
        _environment!.CheckUpgradeAsync(Name, options, cancellationToken);

    /// <summary>Gives back what the job held. It runs no more, or never did.</summary>
    public async ValueTask ReleaseAsync()
    {
        if (Client is { } client)
        {
            await client.DisposeAsync().ConfigureAwait(false);
        }

        if (_scope is { } scope)
        {
            _scope = null;
            await scope.DisposeAsync().ConfigureAwait(false);
        }
    }
}
