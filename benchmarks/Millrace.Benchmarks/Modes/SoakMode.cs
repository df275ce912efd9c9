using System.Globalization;
using Millrace.Benchmarks.Parts;
using Millrace.Connectors;
using Millrace.Windowing;

namespace Millrace.Benchmarks.Modes;

/// <summary>Runs a job for many records and watches the memory: after the warm-up it must not grow.</summary>
internal sealed class SoakMode(TextWriter output)
{
    private const double Tolerance = 1.10;
    private const long ToleratedBytes = 16L << 20;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly record struct Sample(long Records, long WorkingSet, long Heap);

    /// <returns>Whether memory was flat.</returns>
    public async Task<bool> RunAsync(long records)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 2 });
        env.FromGenerator(EngineJobs.MakeForWindows, records, watermarks: EngineJobs.Time(records, 2))
            .Map(StatelessFunctions.Scale)
            .KeyBy(e => e.Key)
            .Window(TumblingEventTimeWindows.Of(TimeSpan.FromHours(1)))
            .Aggregate(() => new TotalsOf())
            .SinkTo(new DiscardSink<long>());
        List<Sample> samples = [];
        await using (var client = env.Start("soak"))
        {
            await output.WriteLineAsync($"{"records",12} {"working set",12} {"GC heap",12} {"gen 0/1/2 collections",22}").ConfigureAwait(false);
            while (!client.Completion.IsCompleted)
            {
                await Task.WhenAny(client.Completion, Task.Delay(Interval, TimeProvider.System)).ConfigureAwait(false);
                var sample = Take(client.GetMetrics().RecordsRead);
                samples.Add(sample);
                Print(sample);
            }

            await client.Completion.ConfigureAwait(false);
        }

        return IsFlat(samples, records);
    }

    private static Sample Take(long records)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return new Sample(records, process.WorkingSet64, GC.GetTotalMemory(forceFullCollection: false));
    }

    /// <summary>Compares the greatest values of the second half with those of the first half, after a warm-up of a fifth.</summary>
    private bool IsFlat(List<Sample> samples, long records)
    {
        var warm = samples.Where(sample => sample.Records >= records / 5).ToList();
        var early = warm.Where(sample => sample.Records < records * 3 / 5).ToList();
        var late = warm.Where(sample => sample.Records >= records * 3 / 5).ToList();
        if (early.Count < 2 || late.Count < 2)
        {
            output.WriteLine("Inconclusive: too few samples. Run more records.");
            return false;
        }

        bool workingSet = IsFlat("working set", early.Max(sample => sample.WorkingSet), late.Max(sample => sample.WorkingSet));
        bool heap = IsFlat("GC heap", early.Max(sample => sample.Heap), late.Max(sample => sample.Heap));
        return workingSet && heap;
    }

    private bool IsFlat(string what, long early, long late)
    {
        bool flat = late <= (early * Tolerance) + ToleratedBytes;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{(flat ? "ok    " : "FAILED")} {what}: at most {Megabytes(early)} from 20 % to 60 % of the records, {Megabytes(late)} after that"));
        return flat;
    }

    private void Print(Sample sample) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{sample.Records,12:N0} {Megabytes(sample.WorkingSet),12} {Megabytes(sample.Heap),12} {$"{GC.CollectionCount(0)}/{GC.CollectionCount(1)}/{GC.CollectionCount(2)}",22}"));

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MB");
}
