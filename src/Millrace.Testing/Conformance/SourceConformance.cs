using Millrace.Connectors;

namespace Millrace.Testing;

/// <summary>What the engine counts on in a source that ends and can be read again, checked on the source alone: for whoever writes one.</summary>
/// <remarks>
/// The kit plays the engine. It checks that, at every parallelism,
/// <list type="bullet">
/// <item><description>every record comes once, and in order where one subtask reads;</description></item>
/// <item><description>a reader that has nothing has asked for a split or arranged to be woken, and one that has ended gives nothing more;</description></item>
/// <item><description>splits and the enumerator's state can be serialized;</description></item>
/// <item><description>a source that is restored from a snapshot, at the same parallelism or another, gives exactly what came behind the snapshot, and taking a snapshot changes nothing;</description></item>
/// <item><description>splits that come back from a reader that has failed are read all the same.</description></item>
/// </list>
/// </remarks>
/// <example>
/// <code>
/// SourceConformance.Check(() =&gt; new PagesSource(server), expected: Enumerable.Range(0, 250).Select(i =&gt; $"line {i}"));
/// </code>
/// </example>
public static class SourceConformance
{
    /// <summary>Checks a source.</summary>
    /// <typeparam name="T">The type of the records; compared with its own equality.</typeparam>
    /// <typeparam name="TSplit">The type of the splits.</typeparam>
    /// <typeparam name="TState">The type of the enumerator's state.</typeparam>
    /// <param name="create">Makes the source, anew for every start.</param>
    /// <param name="expected">All records of the source.</param>
    /// <param name="options">What to expect; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ConformanceException">The source does not do what the engine counts on.</exception>
    public static void Check<T, TSplit, TState>(Func<Source<T, TSplit, TState>> create, IEnumerable<T> expected, SourceConformanceOptions? options = null)
        where TSplit : ISourceSplit
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(expected);
        options ??= new SourceConformanceOptions();
        T[] all = [.. expected];
        create().Validate();
        int[] parallelisms = [.. options.Parallelisms.Select(parallelism => Math.Min(parallelism, create().MaxParallelism)).Distinct()];
        foreach (int parallelism in parallelisms)
        {
            ReadAll(create, all, options, parallelism);
            foreach (int later in parallelisms)
            {
                Restart(create, all, options, parallelism, later);
            }

            FailReader(create, all, options, parallelism);
        }
    }

    private static void ReadAll<T, TSplit, TState>(Func<Source<T, TSplit, TState>> create, T[] all, SourceConformanceOptions options, int parallelism)
        where TSplit : ISourceSplit
    {
        foreach (int batch in (int[])[1, 1000])
        {
            using var run = new SourceRig<T, TSplit, TState>(create(), parallelism, null, options);
            run.ReadToEnd(batch);
            Compare(all, run.Records, options.KeepsOrder && parallelism == 1, $"Read at parallelism {parallelism}, up to {batch} at a time");
            run.MustHaveEnded();
        }
    }

    private static void Restart<T, TSplit, TState>(Func<Source<T, TSplit, TState>> create, T[] all, SourceConformanceOptions options, int parallelism, int later)
        where TSplit : ISourceSplit
    {
        int step = Math.Max(1, all.Length / Math.Max(1, options.Restarts));
        for (int at = 0; at <= all.Length; at += step)
        {
            string where = $"Stopped behind {at} of {all.Length} records at parallelism {parallelism} and restored at {later}";
            List<T> before;
            SourceRigState<TSplit, TState> snapshot;
            using (var first = new SourceRig<T, TSplit, TState>(create(), parallelism, null, options))
            {
                first.ReadSome(at);
                snapshot = first.Snapshot();
                before = [.. first.Records];

                // It was not the job that stopped: the first one goes on, as behind every checkpoint.
                first.ReadToEnd(7);
                Compare(all, first.Records, options.KeepsOrder && parallelism == 1, $"A snapshot behind {at} records at parallelism {parallelism}, and reading on");
            }

            using var second = new SourceRig<T, TSplit, TState>(create(), later, snapshot, options);
            second.ReadToEnd(7);
            Compare(all, [.. before, .. second.Records], options.KeepsOrder && parallelism == 1 && later == 1, where);
        }
    }

    private static void FailReader<T, TSplit, TState>(Func<Source<T, TSplit, TState>> create, T[] all, SourceConformanceOptions options, int parallelism)
        where TSplit : ISourceSplit
    {
        foreach (int at in (int[])[0, all.Length / 3, all.Length])
        {
            using var run = new SourceRig<T, TSplit, TState>(create(), parallelism, null, options);
            run.ReadSome(at);
            run.FailReader(0);
            run.ReadToEnd(7);
            Compare(all, run.Records, inOrder: false, $"Reader 0 of {parallelism} failed behind {at} records, and its splits went back to the enumerator");
        }
    }

    private static void Compare<T>(T[] expected, IReadOnlyList<T> actual, bool inOrder, string where)
    {
        if (inOrder)
        {
            int same = expected.Zip(actual).TakeWhile(pair => EqualityComparer<T>.Default.Equals(pair.First, pair.Second)).Count();
            if (same < expected.Length || same < actual.Count)
            {
                throw new ConformanceException(
                    $"{where}: record {same} (of {expected.Length} expected, {actual.Count} read) was to be {Shown(expected, same)}, and is {Shown(actual, same)}.");
            }

            return;
        }

        var surplus = actual.ToList();
        var missing = expected.Where(record => !surplus.Remove(record)).ToList();
        if (missing.Count > 0 || surplus.Count > 0)
        {
            throw new ConformanceException(
                $"{where}: {missing.Count} of {expected.Length} records are missing (for example {Shown(missing, 0)}), and {surplus.Count} too many (for example {Shown(surplus, 0)}).");
        }
    }

    private static string Shown<T>(IReadOnlyList<T> records, int index) => index < records.Count ? $"'{records[index]}'" : "none";
}
