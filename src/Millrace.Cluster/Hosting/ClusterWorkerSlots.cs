namespace Millrace.Hosting;

/// <summary>The slots of a worker.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="InUse">How many slots each job is in, by the names of jobs.</param>
public sealed record ClusterWorkerSlots(ClusterWorker Worker, IReadOnlyDictionary<string, int> InUse)
{
    /// <summary>How many slots no job is in.</summary>
    public int Free => Math.Max(0, Worker.Slots - InUse.Values.Sum());
}
