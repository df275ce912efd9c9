namespace Millrace.Simulation.External;

/// <summary>The one type of record of simulated jobs.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">A number to compute with.</param>
/// <param name="Time">Its event time, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Id">Where it comes from: split and place for those of a source.</param>
public readonly record struct Item(int Key, long Value, long Time, long Id);
