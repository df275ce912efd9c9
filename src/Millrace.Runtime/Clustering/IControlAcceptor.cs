using Millrace.Runtime.Exchange.Remote;

namespace Millrace.Runtime.Clustering;

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
