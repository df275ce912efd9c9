using System.Diagnostics;

namespace Millrace.Benchmarks.Harness;

/// <summary>What a part costs.</summary>
/// <param name="Nanoseconds">Time on the clock per record; the best of the rounds, because whatever else runs on the machine only ever adds.</param>
/// <param name="Bytes">Bytes allocated by all threads per record in the same round, start-up included.</param>
internal readonly record struct Cost(double Nanoseconds, double Bytes);

/// <summary>Measures parts side by side.</summary>
internal static class Stopwatches
{
    /// <summary>
    /// Runs the parts in turn, round after round, so that a slow moment of the machine hits all of them. The first round warms up and does not count.
    /// </summary>
    public static async Task<Cost[]> MeasureAsync(int rounds, params (Part Part, long Records)[] parts)
    {
        var best = new Cost[parts.Length];
        Array.Fill(best, new Cost(double.MaxValue, 0));
        for (int round = 0; round <= rounds; round++)
        {
            for (int i = 0; i < parts.Length; i++)
            {
                var cost = await MeasureAsync(parts[i].Part, parts[i].Records).ConfigureAwait(false);
                if (round > 0 && cost.Nanoseconds < best[i].Nanoseconds)
                {
                    best[i] = cost;
                }
            }
        }

        return best;
    }

    /// <summary>The bytes that all threads allocated while a part ran.</summary>
    public static async Task<long> AllocatedAsync(Part part, long records)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await part.RunAsync(records).ConfigureAwait(false);
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }

    private static async Task<Cost> MeasureAsync(Part part, long records)
    {
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        await part.RunAsync(records).ConfigureAwait(false);
        double nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        return new Cost(nanoseconds / records, (double)bytes / records);
    }
}
