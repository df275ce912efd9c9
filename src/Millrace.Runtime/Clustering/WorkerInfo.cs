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
