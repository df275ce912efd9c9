using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Cluster.Coordination;
using Millrace.Cluster.Membership;
using Millrace.Cluster.Session;

namespace Millrace.Cluster.Hosting;

/// <summary>
/// Starts a worker around the silo, which is a service of the host too: before it the store and the data plane, since from then on others may dial; behind it the calls that keep coordinators
/// alive. Stops it the other way round.
/// </summary>
internal sealed class ClusterHostedService(
    ClusterSettings settings,
    IMembershipStore store,
    IDataPlaneHost dataPlane,
    ClusterView view,
    JobPulses pulses,
    SubmittedJobs submitted,
    IJobMasterFactory factory,
    LocalCoordinators coordinators,
    ILocalSiloDetails silo,
    ClusterRunner runner,
    IHostApplicationLifetime lifetime,
    ILogger<ClusterHostedService> logger) : IHostedLifecycleService
{
    private bool _listens;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        WarnOfOpenPorts();
        await store.PrepareAsync(cancellationToken).ConfigureAwait(false);
        await dataPlane.StartAsync(WorkerMetadata.Me(silo.SiloAddress, settings), cancellationToken).ConfigureAwait(false);
        _listens = true;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        Log.Started(logger, settings.Name, settings.AdvertisedHost, settings.Options.SiloPort, settings.Options.DataPort, settings.Options.Slots, settings.Options.ClusterId, store.Description);
        view.Start();
        pulses.Ended += runner.JobEnded;
        runner.AllEnded += StopHost;
        pulses.Start(factory.Jobs);
        if (settings.Options.Session.Enabled)
        {
            submitted.Start();
        }

        return Task.CompletedTask;
    }

    /// <summary>No calls any more, which would bring a coordinator back to this worker. The coordinators that it holds take a checkpoint and end, those elsewhere go on without its subtasks; then the silo leaves, and others take over.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        Log.Stopping(logger, settings.Name);
        await submitted.DisposeAsync().ConfigureAwait(false);
        await pulses.DisposeAsync().ConfigureAwait(false);
        if (_listens)
        {
            await Task.WhenAll(dataPlane.LeaveAsync(cancellationToken), coordinators.HandOverAsync(settings.Options.HandOverTimeout, cancellationToken))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_listens)
        {
            _listens = false;
            await dataPlane.StopAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void StopHost(bool failed)
    {
        if (failed && Environment.ExitCode == 0)
        {
            Environment.ExitCode = 1;
        }

        // Not before it has started: a host that is told to stop while it starts throws out of its start.
        lifetime.ApplicationStarted.Register(lifetime.StopApplication);
    }

    private void WarnOfOpenPorts()
    {
        if (!settings.IsLoopback && settings.Options.Tls.CertificateFile is null)
        {
            Log.OpenPorts(logger, settings.AdvertisedHost, settings.Options.SiloPort, settings.Options.DataPort);
        }
    }
}
