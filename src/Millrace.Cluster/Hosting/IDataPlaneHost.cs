using Millrace.Runtime.Clustering;

namespace Millrace.Cluster.Hosting;

/// <summary>The data plane's part in the life of a worker: it listens before anybody can learn of the worker, and closes when the worker has left.</summary>
internal interface IDataPlaneHost
{
    /// <summary>The data plane; can be used once it is started.</summary>
    IDataPlane DataPlane { get; }

    /// <summary>Listens.</summary>
    /// <param name="me">This worker: what the plane says of itself, and where it is to listen.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task StartAsync(WorkerInfo me, CancellationToken cancellationToken);

    /// <summary>Has coordinators on other workers go on without this one, and waits until they do.</summary>
    Task LeaveAsync(CancellationToken cancellationToken);

    /// <summary>Closes all connections and listens no longer.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}
