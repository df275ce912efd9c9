using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Runtime.Clustering;

/// <summary>What a connection for records is for. Both ends name the same, or there is no connection.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Term">The number of its coordinator.</param>
/// <param name="Epoch">The attempt of the job, over all runs.</param>
/// <param name="Attempt">The attempt, within this run of the coordinator.</param>
internal sealed record DataConnectionKey(string JobId, long Term, long Epoch, int Attempt);

/// <summary>What a connection for orders and reports is for.</summary>
/// <param name="JobId">The job.</param>
/// <param name="JobName">Its name, by which the worker knows how to build it.</param>
/// <param name="Term">The number of its coordinator: a worker that has seen a greater one for the job refuses it.</param>
internal sealed record ControlConnectionKey(string JobId, string JobName, long Term);

/// <summary>Takes the connections by which coordinators give orders. Called on any thread; must not block.</summary>
internal interface IControlAcceptor
{
    /// <summary>A coordinator has connected.</summary>
    /// <param name="key">What for.</param>
    /// <param name="coordinator">The worker that the coordinator lives on: its id and name are what it says of itself.</param>
    /// <param name="connection">The connection; it delivers when it is started.</param>
    /// <returns>Why the connection is refused, as a sentence that the other end gets to see; null where it is taken.</returns>
    string? Accept(ControlConnectionKey key, WorkerInfo coordinator, IDataConnection connection);
}

/// <summary>
/// Connections between workers. A connection that comes to nothing breaks: there is no other way to fail. What is sent before the other end is there waits. Safe for use by several threads.
/// </summary>
internal interface IDataPlane
{
    /// <summary>
    /// The connection to another worker for the records of one attempt of a job. Both workers open it, in any order and once; the one whose id is the lesser dials. It breaks when the
    /// other has not opened it within the connect timeout.
    /// </summary>
    IDataConnection Open(WorkerInfo peer, DataConnectionKey key);

    /// <summary>Dials a worker to give it orders; to this worker too. Breaks when it refuses.</summary>
    IDataConnection OpenControl(WorkerInfo worker, ControlConnectionKey key);
}
