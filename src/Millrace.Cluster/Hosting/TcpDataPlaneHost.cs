using Microsoft.Extensions.Logging;
using Millrace.Cluster.DataPlane;
using Millrace.Runtime.Clustering;
using Millrace.Runtime.Tasks;

namespace Millrace.Cluster.Hosting;

/// <summary>The data plane over TCP, and the worker behind it: subtasks run from when it listens until it is stopped.</summary>
/// <param name="settings">The options of the cluster.</param>
/// <param name="jobs">Builds jobs.</param>
/// <param name="time">The clock of connections.</param>
/// <param name="loggers">Makes loggers.</param>
internal sealed class TcpDataPlaneHost(ClusterSettings settings, IJobBuilder jobs, TimeProvider time, ILoggerFactory loggers) : IDataPlaneHost
{
    private TcpDataPlane? _plane;
    private WorkerHost? _workers;
    private EngineThreads.Lease? _threads;
    private LocalRecoveryFolder? _localRecovery;

    public IDataPlane DataPlane => _plane ?? throw new InvalidOperationException("The data plane has not been started.");

    public Task StartAsync(WorkerInfo me, CancellationToken cancellationToken)
    {
        var tls = settings.Options.Tls;
        _threads = EngineThreads.Acquire(TimeProvider.System);
        _localRecovery = LocalRecoveryFolder.Open(settings, loggers);
        _workers = new WorkerHost(() => me, jobs, _threads.Scheduler, loggers) { Copies = _localRecovery?.Copies, PublishesMetrics = true };
        var plane = new TcpDataPlane(
            new DataPlaneOptions
            {
                ClusterId = settings.Options.ClusterId,
                Address = settings.ListenAddress.ToString(),
                Port = settings.Options.DataPort,
                Compression = settings.Options.Compression,
                Tls = tls.CertificateFile is null ? null : tls,
            },
            () => me,
            time,
            loggers);
        _workers.DataPlane = plane;
        _plane = plane;
        plane.Start(_workers);
        return Task.CompletedTask;
    }

    public Task LeaveAsync(CancellationToken cancellationToken) => _workers?.LeaveAsync(settings.Options.HandOverTimeout, cancellationToken) ?? Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_workers is { } workers)
        {
            // Subtasks that are stuck are given up after the job's own timeout; the host's may be shorter.
            await workers.CloseAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_plane is { } plane)
        {
            await plane.DisposeAsync().ConfigureAwait(false);
        }

        _threads?.Dispose();
        _localRecovery?.Dispose();
    }
}
