using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <summary>What the jobs of the matrix work on.</summary>
public sealed record Reading(int Key, int Value, long Time);

/// <summary>Sources of readings: the same whenever they are asked, and slow enough for checkpoints.</summary>
internal static class Readings
{
    /// <summary>Readings of several sensors at once, each with its own watermarks; up to 20 ms out of order, none late.</summary>
    /// <param name="scripts">How many scripts; also the highest parallelism of the source.</param>
    /// <param name="records">How many readings each has.</param>
    public static ScriptedSource<Reading> Source(int scripts = 4, int records = 60) =>
        new([.. Enumerable.Range(0, scripts).Select(script => Script(script, records))]);

    private static Script<Reading> Script(int number, int records)
    {
        var random = new Random(number);
        var script = new Script<Reading>();
        long time = 1_000;
        for (int i = 0; i < records; i++)
        {
            time += random.Next(12);
            long at = time - random.Next(20);
            script.Record(new Reading(random.Next(9), random.Next(-10, 100), at), at);
            if (random.Next(3) == 0)
            {
                script.Watermark(time - 21);
            }

            if (random.Next(6) == 0)
            {
                script.Wait(TimeSpan.FromMilliseconds(random.Next(1, 8)));
            }
        }

        return script;
    }

    /// <summary>Readings of one sensor of which some come so late that their windows are closed already, whatever the schedule is.</summary>
    public static ScriptedSource<Reading> WithLateOnes(int records = 200)
    {
        var random = new Random(99);
        var script = new Script<Reading>();
        long time = 1_000;
        for (int i = 0; i < records; i++)
        {
            time += random.Next(1, 15);
            long at = random.Next(5) == 0 ? time - 300 : time;
            script.Record(new Reading(random.Next(5), i, at), at).Watermark(time - 1);
            if (random.Next(6) == 0)
            {
                script.Wait(TimeSpan.FromMilliseconds(random.Next(1, 8)));
            }
        }

        return new ScriptedSource<Reading>(script);
    }
}
