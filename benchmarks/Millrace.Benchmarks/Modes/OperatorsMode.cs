using System.Globalization;
using Millrace.Benchmarks.Harness;
using Millrace.Benchmarks.Parts;
using Millrace.State;

namespace Millrace.Benchmarks.Modes;

/// <summary>Measures the operators that keep records for a while, each as a job of one subtask beside the job that only reads.</summary>
internal sealed class OperatorsMode(TextWriter output)
{
    private const long Million = 1 << 20;

    public async Task RunAsync()
    {
        await output.WriteLineAsync(Machine.Describe()).ConfigureAwait(false);
        await output.WriteLineAsync($"{"job, 1 subtask",-46} {"ns/record",9} {"M rec/s",8} {"B/record",9}").ConfigureAwait(false);
        (string Name, Part Part)[] jobs =
        [
            ("source alone", EngineJobs.SourceOnly(1)),
            ("count in a value state", OperatorJobs.Count(1, ttl: null)),
            ("count in a value state with a time to live", OperatorJobs.Count(1, new StateTtl(TimeSpan.FromHours(1)))),
            ("the same, not cleaned up in the background", OperatorJobs.Count(1, new StateTtl(TimeSpan.FromHours(1)) { Cleanup = StateTtlCleanup.None })),
            ("session windows", OperatorJobs.Sessions(1)),
            ("interval join, 100 keys, 5 pairs a left record", OperatorJobs.IntervalJoin(1, manyKeys: false)),
            ("interval join, 10,000 keys", OperatorJobs.IntervalJoin(1, manyKeys: true)),
            ($"asynchronous, ordered, {OperatorJobs.InFlight:N0} in flight", OperatorJobs.Async(1, AsyncOrder.Ordered)),
            ($"asynchronous, unordered, {OperatorJobs.InFlight:N0} in flight", OperatorJobs.Async(1, AsyncOrder.Unordered)),
        ];
        var cost = await Stopwatches.MeasureAsync(3, [.. jobs.Select(job => (job.Part, 4 * Million))]).ConfigureAwait(false);
        for (int i = 0; i < jobs.Length; i++)
        {
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{jobs[i].Name,-46} {cost[i].Nanoseconds,9:0.0} {1e3 / cost[i].Nanoseconds,8:0.00} {cost[i].Bytes,9:0.000}")).ConfigureAwait(false);
            jobs[i].Part.Dispose();
        }
    }
}
