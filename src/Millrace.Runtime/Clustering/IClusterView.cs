namespace Millrace.Runtime.Clustering;

/// <summary>What a worker knows of the others. It may be late, and two workers may know different things: nothing that must be right depends on it. Safe for use by several threads.</summary>
internal interface IClusterView
{
    /// <summary>The newest snapshot.</summary>
    ClusterSnapshot Current { get; }

    /// <summary>Has every newer snapshot told, one at a time and in order; the current one is not told. Not on any actor's turn; must not block.</summary>
    /// <returns>Ends it.</returns>
    IDisposable Subscribe(Action<ClusterSnapshot> changed);
}
