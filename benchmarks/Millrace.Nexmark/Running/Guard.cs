using System.Globalization;
using Millrace.Nexmark.Generator;
using Millrace.Nexmark.HandWritten;
using Millrace.Nexmark.Queries;

namespace Millrace.Nexmark.Running;

/// <summary>
/// Sees in less than a minute whether queries have become slower by a factor: each is compared with the hand-written loop in the same run, and the ratio with the one that was committed. A machine that is slow or
/// busy slows both. And the engine allocates nothing for a record.
/// </summary>
/// <param name="output">Where the table goes.</param>
internal sealed class Guard(TextWriter output)
{
    private const int Rounds = 3;
    private const double Tolerated = 0.5;
    private const double BytesPerEvent = 0.05;

    // Ten seconds of event time, so that windows are closed.
    private static readonly GeneratorOptions Events = new() { Events = 1_000_000, EventsPerSecond = 100_000 };

    // What the engine allocates shows where the query and its loop allocate nothing but events.
    private static readonly string[] WithoutState = ["q0", "q1", "q2"];

    private static readonly SortedDictionary<string, double> Committed = new(StringComparer.Ordinal)
    {
        ["q0"] = 0.5,
        ["q1"] = 0.5,
        ["q2"] = 0.5,
        ["q3"] = 0.5,
        ["q5"] = 0.5,
        ["q7"] = 0.5,
        ["q8"] = 0.5,
        ["q11"] = 0.5,
        ["q18"] = 0.5,
        ["q20"] = 0.5,
    };

    /// <summary>Measures and compares.</summary>
    /// <returns>Whether all is well.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        bool isGood = true;
        using var run = new QueryRun(new RunOptions { Generator = Events, CheckpointInterval = null }, TextWriter.Null);
        foreach (var query in AllQueries.All.Where(query => Loops.All.ContainsKey(query.Name)))
        {
            double engine = 0;
            double loop = 0;
            for (int round = 0; round <= Rounds; round++)
            {
                // The first warms up. The best of the others is the one that was disturbed least.
                double engineNow = (await run.RunAsync(query, Events, cancellationToken).ConfigureAwait(false)).EventsPerSecondPerCore;
                double loopNow = QueryRun.RunLoop(query.Name, Events).EventsPerSecondPerCore;
                (engine, loop) = round == 0 ? (engine, loop) : (Math.Max(engine, engineNow), Math.Max(loop, loopNow));
            }

            double committed = Committed[query.Name];
            isGood &= Say(engine / loop >= Tolerated * committed, string.Create(
                CultureInfo.InvariantCulture,
                $"{query.Name,-4} {engine / 1e3,7:N0} K events/s a core, {engine / loop:0.00} of the hand-written loop (committed: {committed:0.00}, allowed: {Tolerated * committed:0.00} and more)"));
        }

        foreach (string name in WithoutState)
        {
            double engine = await BytesOfMoreAsync(async events =>
            {
                var figures = await run.RunAsync(AllQueries.Named(name), events, cancellationToken).ConfigureAwait(false);
                return figures.AllocatedBytesPerEvent * figures.Events;
            }).ConfigureAwait(false);
            double loop = await BytesOfMoreAsync(events => Task.FromResult((double)QueryRun.RunLoop(name, events).AllocatedBytes)).ConfigureAwait(false);
            isGood &= Say(
                engine - loop < BytesPerEvent,
                string.Create(CultureInfo.InvariantCulture, $"{name,-4} {engine - loop,7:0.000} bytes an event allocated by the engine (allowed: below {BytesPerEvent}); {loop:0.0} by making events"));
        }

        return isGood;
    }

    /// <summary>What each event more allocates: starting a job does not count.</summary>
    private static async Task<double> BytesOfMoreAsync(Func<GeneratorOptions, Task<double>> allocatedBy)
    {
        double few = await allocatedBy(Events).ConfigureAwait(false);
        double many = await allocatedBy(Events with { Events = 3 * Events.Events }).ConfigureAwait(false);
        return (many - few) / (2 * Events.Events);
    }

    private bool Say(bool isGood, string what)
    {
        output.WriteLine($"{(isGood ? "ok" : "FAILED"),-6} {what}");
        return isGood;
    }
}
