namespace Millrace.Cluster.Replicas;

/// <summary>The number of workers that is asked for, where it is kept.</summary>
internal interface IReplicaScale
{
    /// <summary>For people: what is scaled.</summary>
    string Description { get; }

    /// <returns>How many are asked for, and a mark of that version of it.</returns>
    /// <exception cref="ReplicaScaleException">It cannot be read.</exception>
    Task<(int Replicas, string? Version)> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Asks for another number, if nobody has changed anything since.</summary>
    /// <returns>False where somebody has.</returns>
    /// <exception cref="ReplicaScaleException">It cannot be written.</exception>
    Task<bool> TryWriteAsync(int replicas, string? version, CancellationToken cancellationToken);
}
