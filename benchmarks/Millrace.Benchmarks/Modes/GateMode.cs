using System.Globalization;
using Millrace.Benchmarks.Harness;
using Millrace.Benchmarks.Parts;
using Millrace.Runtime.Exchange;
using Millrace.State;

namespace Millrace.Benchmarks.Modes;

/// <summary>
/// Holds the engine to its promise that a record in steady state costs no allocation. What a run of N records and a run of 4 N allocate differs by
/// what 3 N records cost: starting a job, compiling it and growing its tables cancel out.
/// </summary>
internal sealed class GateMode(TextWriter output)
{
    /// <summary>What watermarks, timers and the odd wake-up may cost, per record. A batch of 1,024 may thus cost 10 bytes: less than any object.</summary>
    private const double Allowed = 0.01;

    // What other threads of the process allocate meanwhile only adds, so that one clean attempt of a few shows the engine's own part.
    private const int Attempts = 8;

    private bool _failed;

    /// <returns>Whether all cases keep the promise.</returns>
    public async Task<bool> RunAsync()
    {
        Fill<Event>();
        Fill<Reading>();
        Fill<long>();
        const long Million = 1 << 20;
        await CheckAsync("stateless operators", new StatelessOperators(), 2 * Million).ConfigureAwait(false);
        await CheckAsync("hash exchange 1 → 1", new HashExchange(1), 2 * Million).ConfigureAwait(false);
        await CheckAsync("hash exchange 2 → 2", new HashExchange(2), 2 * Million).ConfigureAwait(false);
        await CheckAsync("keyed reduce", new KeyedReduce(100_000), 2 * Million).ConfigureAwait(false);
        await CheckAsync("keyed count", new KeyedCount(100_000), 2 * Million).ConfigureAwait(false);
        var dense = new Density(Keys: 1_000, RecordsPerSlide: 64 * 1024);
        await CheckAsync("tumbling windows, 1,000 keys", new SliceWindows(dense, 1), 2 * Million).ConfigureAwait(false);
        await CheckAsync("sliding windows, 1,000 keys, size/slide 10", new SliceWindows(dense, 10), 2 * Million).ConfigureAwait(false);
        var wide = new Density(Keys: 50_000, RecordsPerSlide: 256 * 1024);
        await CheckAsync("tumbling windows, 50,000 keys", new SliceWindows(wide, 1), 2 * Million).ConfigureAwait(false);
        await CheckAsync("sliding windows, 50,000 keys, size/slide 10", new SliceWindows(wide, 10), 4 * Million).ConfigureAwait(false);
        await CheckAsync("job: source", EngineJobs.SourceOnly(2), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job: stateless chain", EngineJobs.Stateless(2), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job: hash exchange", EngineJobs.Exchange(2), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job: keyed reduce", EngineJobs.Reduce(2), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job: keyed count", EngineJobs.Count(2), 2 * Million).ConfigureAwait(false);

        // One source: of two, the one that is behind decides how many slices are open, so that how far tables grow depends on the moment.
        await CheckAsync("job: tumbling windows", EngineJobs.Tumbling(1), 6 * Million).ConfigureAwait(false);
        await CheckAsync("job: tumbling windows, 16 keys, aggregated in two steps", EngineJobs.Tumbling(1, hasFewKeys: true), 6 * Million).ConfigureAwait(false);
        await CheckAsync("job: sliding windows", EngineJobs.Sliding(1), 8 * Million).ConfigureAwait(false);

        // Keys are others all the time, and now and then more of them than ever fall into one key group, which grows: there is an end to that, but not within these records.
        await CheckAsync("job: session windows, 64 records each", OperatorJobs.Sessions(1), 2 * Million, allowed: 0.05).ConfigureAwait(false);
        await CheckAsync("job: state with a time to live", OperatorJobs.Count(1, new StateTtl(TimeSpan.FromHours(1))), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job: interval join", OperatorJobs.IntervalJoin(1, manyKeys: false), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job: interval join, keys come and go", OperatorJobs.IntervalJoin(1, manyKeys: true), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job: asynchronous calls, ordered", OperatorJobs.Async(1, AsyncOrder.Ordered), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job: asynchronous calls, unordered", OperatorJobs.Async(1, AsyncOrder.Unordered), 2 * Million).ConfigureAwait(false);

        // With checkpoints on and none under way.
        await CheckAsync("job with checkpoints: hash exchange", EngineJobs.Exchange(2).WithCheckpoints(), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job with checkpoints: keyed count", EngineJobs.Count(2).WithCheckpoints(), 2 * Million).ConfigureAwait(false);
        await CheckAsync("job with checkpoints: tumbling windows", EngineJobs.Tumbling(1).WithCheckpoints(), 6 * Million).ConfigureAwait(false);
        return !_failed;
    }

    private async Task CheckAsync(string name, Part part, long records, double allowed = Allowed)
    {
        using (part)
        {
            await part.RunAsync(2 * records).ConfigureAwait(false);
            double least = double.MaxValue;
            for (int attempt = 0; attempt < Attempts && Math.Abs(least) >= allowed; attempt++)
            {
                long once = await Stopwatches.AllocatedAsync(part, records).ConfigureAwait(false);
                long fourTimes = await Stopwatches.AllocatedAsync(part, 4 * records).ConfigureAwait(false);

                // Less than nothing means that the shorter run was not in steady state yet: as little a proof as too much.
                double marginal = (fourTimes - once) / (3.0 * records);
                least = Math.Abs(marginal) < Math.Abs(least) ? marginal : least;
            }

            bool kept = Math.Abs(least) < allowed;
            _failed |= !kept;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(kept ? "ok    " : "FAILED")} {name,-46} {least,9:0.0000} bytes a record (allowed: below {allowed})"));
        }
    }

    // How many batches are on their way at once depends on the moment; with a full pool none need be made.
    private static void Fill<T>()
    {
        RecordBatch<T>[] batches = [.. Enumerable.Range(0, 256).Select(_ => BatchPool<T>.Rent(Feed<T>.BatchSize))];
        foreach (var batch in batches)
        {
            BatchPool<T>.Return(batch);
        }
    }
}
