namespace Millrace.Testing.Simulation;

/// <summary>
/// Ends what a process is doing at the moment when it crashes. Not an error that the engine could handle: whatever it does about it has no effect any more, because
/// the process is dead.
/// </summary>
internal sealed class SimulatedCrashException(string process) : Exception($"The process {process} has crashed.");
