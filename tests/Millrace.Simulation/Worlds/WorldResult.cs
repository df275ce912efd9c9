namespace Millrace.Simulation.Worlds;

/// <summary>How a simulated world went.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Failure">What is wrong, in one line; <see langword="null"/> where all is as it must be.</param>
/// <param name="Steps">How many steps it took.</param>
/// <param name="Starts">How often the job was started.</param>
/// <param name="Records">How many records were committed.</param>
/// <param name="Elapsed">How long it took in virtual time.</param>
internal sealed record WorldResult(ulong Seed, string? Failure, long Steps, int Starts, int Records, TimeSpan Elapsed);
