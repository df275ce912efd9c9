using System.Globalization;
using Millrace.Simulation.Engine;
using Millrace.Simulation.Jobs;
using Millrace.Simulation.Worlds;
using Millrace.Testing.Simulation;

namespace Millrace.Simulation.Terminal;

/// <summary>Runs one seed or many, and says how they went.</summary>
internal static class SeedRuns
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(10);

    /// <summary>Runs one seed and writes all that happens.</summary>
    /// <returns>The exit code.</returns>
    public static int Replay(ulong seed, Repertoire repertoire, ISimulatedEngine engine, TextWriter output)
    {
        var result = World.Run(seed, engine, new SimulationLog(output.WriteLine), repertoire);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"seed {seed}: {result.Failure ?? "ok"} ({result.Starts} starts, {result.Records} records, {result.Steps} steps, {result.Elapsed.TotalSeconds:F3} s of virtual time)"));
        return result.Failure is null ? CommandLine.Good : CommandLine.Failed;
    }

    /// <summary>Runs a range of seeds and writes a line for each that fails.</summary>
    /// <returns>The exit code.</returns>
    public static int RunRange(
        ulong from, int count, int threads, Repertoire repertoire, ISimulatedEngine engine, TextWriter output, TextWriter progress, CancellationToken cancellationToken)
    {
        var gate = new Lock();
        int done = 0;
        int failed = 0;
        long last = TimeProvider.System.GetTimestamp();
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
            Parallel.For(0, count, options, i =>
            {
                ulong seed = from + (ulong)i;
                var result = World.Run(seed, engine, new SimulationLog(), repertoire);
                lock (gate)
                {
                    done++;
                    if (result.Failure is { } failure)
                    {
                        failed++;
                        output.WriteLine($"seed {seed}: {failure}");
                    }

                    if (TimeProvider.System.GetElapsedTime(last) >= ProgressInterval)
                    {
                        last = TimeProvider.System.GetTimestamp();
                        progress.WriteLine($"{done} of {count} seeds, {failed} failed");
                    }
                }
            });
        }
        catch (OperationCanceledException)
        {
            output.WriteLine($"{done} seeds, {failed} failed; stopped before the end");
            return CommandLine.Cancelled;
        }

        output.WriteLine($"{done} seeds, {failed} failed");
        return failed == 0 ? CommandLine.Good : CommandLine.Failed;
    }
}
