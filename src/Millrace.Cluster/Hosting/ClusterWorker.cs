namespace Millrace.Hosting;

/// <summary>A worker of a cluster.</summary>
/// <param name="Id">Names this start of the worker: another one after every restart.</param>
/// <param name="Name">Its name; the same after a restart.</param>
/// <param name="Host">The address or name that others reach it by.</param>
/// <param name="Port">The port of its data plane.</param>
/// <param name="Slots">How many slots it offers.</param>
public sealed record ClusterWorker(string Id, string Name, string Host, int Port, int Slots);
