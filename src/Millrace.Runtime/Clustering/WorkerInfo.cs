namespace Millrace.Runtime.Clustering;

/// <summary>A worker process, as the others see it.</summary>
/// <param name="Id">Names this start of the process: unique over all time, so that a worker that comes back is another one. Ordinal order decides who dials.</param>
/// <param name="Name">What people call it; the same after a restart, and the name of its folder for local recovery.</param>
/// <param name="Host">Where its data plane listens: an address or a name.</param>
/// <param name="Port">The port of its data plane.</param>
/// <param name="Slots">How many slots it offers.</param>
internal sealed record WorkerInfo(string Id, string Name, string Host, int Port, int Slots)
{
    public override string ToString() => $"{Name} ({Host}:{Port})";
}

/// <summary>Who belongs to the cluster at one moment. Immutable.</summary>
/// <param name="Version">Grows with every change.</param>
/// <param name="Me">This worker.</param>
/// <param name="Workers">All that are alive and take work, this one too.</param>
internal sealed record ClusterSnapshot(long Version, WorkerInfo Me, IReadOnlyList<WorkerInfo> Workers);

/// <summary>What a worker knows of the others. It may be late, and two workers may know different things: nothing that must be right depends on it. Safe for use by several threads.</summary>
internal interface IClusterView
{
    /// <summary>The newest snapshot.</summary>
    ClusterSnapshot Current { get; }

    /// <summary>Has every newer snapshot told, one at a time and in order; the current one is not told. Not on any actor's turn; must not block.</summary>
    /// <returns>Ends it.</returns>
    IDisposable Subscribe(Action<ClusterSnapshot> changed);
}
