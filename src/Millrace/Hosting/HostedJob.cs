using Millrace.Runtime.Coordination;
using Millrace.Runtime.Graph;

namespace Millrace.Hosting;

/// <summary>A job of a host, from its declaration to its end.</summary>
/// <param name="registration">What was added to the host.</param>
internal sealed class HostedJob(JobRegistration registration)
{
    private DeclaredJob? _declared;
    private JobClient? _client;
    private bool _isReleased;

    public string Name => registration.Name;

    /// <summary>The handle; null before the start.</summary>
    public JobClient? Client => Volatile.Read(ref _client);

    /// <summary>How the job runs, once it is prepared.</summary>
    public ExecutionOptions Options => _declared!.Environment.Options;

    /// <summary>The graph, once the job is prepared.</summary>
    public JobGraph Graph => _declared!.Graph;

    /// <summary>The environment that the job was declared in, once it is prepared.</summary>
    public StreamExecutionEnvironment Environment => _declared!.Environment;

    /// <summary>Whether nobody has said where checkpoints go, so that they go into a folder of this machine.</summary>
    public bool HasDefaultStorage => _declared!.HasDefaultStorage;

    /// <summary>The clock of the job.</summary>
    public TimeProvider TimeProvider => _declared!.Environment.TimeProvider;

    /// <summary>The name under which its checkpoints are kept.</summary>
    public string JobId => Options.Checkpoints.JobId ?? JobIds.From(Name);

    /// <summary>Complete when the job has ended and its services are disposed.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>Declares the job and checks it. Nothing runs.</summary>
    public void Prepare(IServiceProvider services, HostConfiguration configuration) => _declared = DeclaredJob.Declare(registration, services, configuration);

    public JobClient Start()
    {
        var client = JobClient.Start(_declared!.Graph, _declared!.Environment);
        Volatile.Write(ref _client, client);
        return client;
    }

    /// <summary>What would become of saved state, of a job that is prepared.</summary>
    public Task<Checkpointing.UpgradeReport> CheckUpgradeAsync(Checkpointing.UpgradeCheckOptions options, CancellationToken cancellationToken) =>
        _declared!.Environment.CheckUpgradeAsync(Name, options, cancellationToken);

    /// <summary>Gives back what the job held. It runs no more, or never did.</summary>
    public async ValueTask ReleaseAsync()
    {
        if (Client is { } client)
        {
            await client.DisposeAsync().ConfigureAwait(false);
        }

        // Options and names are asked for afterwards too; what it held is given back once.
        if (_declared is { } declared && !_isReleased)
        {
            _isReleased = true;
            await declared.Scope.DisposeAsync().ConfigureAwait(false);
        }
    }
}
