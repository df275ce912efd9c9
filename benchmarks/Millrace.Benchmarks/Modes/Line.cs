namespace Millrace.Benchmarks.Modes;

/// <summary>A line of the table that quick prints.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Nanoseconds">Time on the clock per record.</param>
/// <param name="Baseline">The same for what it is compared with; NaN where there is nothing.</param>
/// <param name="Bytes">Allocated per record, start-up included; NaN where it was not measured.</param>
/// <param name="Verdict">Against the budget; empty where there is none.</param>
internal sealed record Line(string Name, double Nanoseconds, double Baseline, double Bytes, string Verdict = "")
{
    public double RecordsPerSecond => 1e9 / Nanoseconds;

    public double Ratio => Nanoseconds / Baseline;
}
