using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Runtime.Clustering;

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
