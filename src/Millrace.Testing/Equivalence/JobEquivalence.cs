namespace Millrace.Testing;

/// <summary>
/// Runs a job in many ways which must not make a difference: undisturbed, with crashes at checkpoints and between them, going on at another parallelism or with another state backend,
/// with barriers of every kind. All must give the same results.
/// </summary>
/// <remarks>
/// Runs are on one thread, in virtual time, on schedules that seeds decide, so that a failure can be repeated; and on real threads. A job must be bounded, must not depend on the order
/// in which records of different keys come, and must be long enough for some checkpoints: a few hundred records are.
/// </remarks>
/// <example>
/// <code>
/// JobEquivalence.Check(job =&gt;
/// {
///     var counts = job.Env.FromSequence(0, 499).KeyBy(n =&gt; n % 7).Process(() =&gt; new CountPerKey());
///     job.Capture(counts, "counts");
/// });
/// </code>
/// </example>
public static class JobEquivalence
{
    // For each seed that was asked for, where none of them was interrupted.
    private const ulong MostRuns = 4;

    /// <summary>Runs a job undisturbed, without checkpoints, and then in all ways.</summary>
    /// <param name="declare">Declares the job; called for every start of it.</param>
    /// <param name="options">How much to try.</param>
    /// <exception cref="JobEquivalenceException">The results of a run differ from those of the first.</exception>
    public static void Check(Action<JobUnderTest> declare, JobEquivalenceOptions? options = null)
    {
        var expected = RunUndisturbed(declare, options);
        foreach (var way in JobWay.All)
        {
            Check(declare, way, expected, options);
        }
    }

    /// <summary>Runs a job without checkpoints and without interruptions, at the first of the parallelisms.</summary>
    /// <param name="declare">Declares the job.</param>
    /// <param name="options">How much to try.</param>
    /// <returns>Its results.</returns>
    /// <exception cref="JobEquivalenceException">The job failed.</exception>
    public static JobResults RunUndisturbed(Action<JobUnderTest> declare, JobEquivalenceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(declare);
        options ??= new JobEquivalenceOptions();
        using var run = new SimulatedEquivalenceRun(declare, null, options, options.FirstSeed);
        return run.Run();
    }

    /// <summary>Runs a job in one way, once for each seed, and compares the results of each run. Where none was interrupted, because the job is short, goes on with further seeds until one is.</summary>
    /// <param name="declare">Declares the job; called for every start of it.</param>
    /// <param name="way">The way.</param>
    /// <param name="expected">What the results must be.</param>
    /// <param name="options">How much to try.</param>
    /// <returns>What happened in all runs together.</returns>
    /// <exception cref="JobEquivalenceException">The results of a run differ, or the job was never interrupted because it is too short.</exception>
    public static JobEquivalenceReport Check(Action<JobUnderTest> declare, JobWay way, JobResults expected, JobEquivalenceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(declare);
        ArgumentNullException.ThrowIfNull(way);
        ArgumentNullException.ThrowIfNull(expected);
        options ??= new JobEquivalenceOptions();
        var report = new JobEquivalenceReport(0, 0, 0, 0, 0);
        ulong runs = 0;
        for (; runs < (ulong)options.Seeds || (ShowsNothing() && runs < MostRuns * (ulong)options.Seeds); runs++)
        {
            using var run = new SimulatedEquivalenceRun(declare, way, options, options.FirstSeed + runs);
            Compare(expected, run.Run(), way, options, run.Description);
            report = report.Plus(run.Report);
        }

        if (ShowsNothing())
        {
            throw new JobEquivalenceException($"{way}: none of {runs} runs was interrupted, so they show nothing. Give the job more records, or lower {nameof(options.CheckpointInterval)}.");
        }

        // One run alone may be there to be repeated, whatever happens in it.
        bool ShowsNothing() => way.Interruption != Interruption.None && report.Interruptions == 0 && options.Seeds > 1;

        return report;
    }

    /// <summary>Runs a job on real threads: undisturbed, with writes that fail, and cancelled and stopped in the middle, to go on at another parallelism.</summary>
    /// <param name="declare">Declares the job; called for every start of it.</param>
    /// <param name="expected">What the results must be.</param>
    /// <param name="options">How much to try; seeds decide what happens, but not the schedule.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Complete when all runs are.</returns>
    /// <exception cref="JobEquivalenceException">The results of a run differ.</exception>
    public static async Task CheckOnThreadsAsync(
        Action<JobUnderTest> declare, JobResults expected, JobEquivalenceOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(declare);
        ArgumentNullException.ThrowIfNull(expected);
        options ??= new JobEquivalenceOptions();
        foreach (var way in JobWay.All.Where(way => !way.IsAtLeastOnce && way.Interruption != Interruption.Crash))
        {
            for (ulong seed = options.FirstSeed; seed < options.FirstSeed + (ulong)options.Seeds; seed++)
            {
                using var run = new ThreadedEquivalenceRun(declare, way, options, seed);
                Compare(expected, await run.RunAsync(cancellationToken).ConfigureAwait(false), way, options, run.Description);
            }
        }
    }

    private static void Compare(JobResults expected, JobResults actual, JobWay way, JobEquivalenceOptions options, string run)
    {
        if (way.IsAtLeastOnce && !options.KeepsNoState)
        {
            return;
        }

        if (expected.DifferenceTo(actual, way.IsAtLeastOnce) is { } difference)
        {
            throw new JobEquivalenceException($"{run}: the results are not those of an undisturbed run.\n{difference}");
        }
    }
}

/// <summary>What happened in runs of <see cref="JobEquivalence"/>.</summary>
/// <param name="Runs">How many there were.</param>
/// <param name="Interruptions">How often a job was interrupted.</param>
/// <param name="Checkpoints">How many checkpoints and savepoints were completed.</param>
/// <param name="Restores">How often a job went on from one.</param>
/// <param name="InFlightBytes">The size of the records that barriers had overtaken, in all checkpoints together.</param>
public sealed record JobEquivalenceReport(int Runs, int Interruptions, long Checkpoints, long Restores, long InFlightBytes)
{
    internal JobEquivalenceReport Plus(JobEquivalenceReport other) => new(
        Runs + other.Runs, Interruptions + other.Interruptions, Checkpoints + other.Checkpoints, Restores + other.Restores, InFlightBytes + other.InFlightBytes);
}
