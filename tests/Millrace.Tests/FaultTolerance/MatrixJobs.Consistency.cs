using Millrace.Testing;

namespace Millrace.Tests.FaultTolerance;

/// <content>Consistent output: the branches of a job are in step.</content>
internal static partial class MatrixJobs
{
    private static IEnumerable<MatrixJob> ConsistentJobs =>
    [
        new("consistent output", job => Consistent(job)) { KeepsKeyedState = true },
        new("consistent output of late data", job => ConsistentOfLateData(job)) { KeepsKeyedState = true },
    ];

    /// <summary>Captures balances and totals with their timestamps.</summary>
    internal static void Consistent(JobUnderTest job, bool consistent = true)
    {
        job.Env.Options.ConsistentOutput = consistent;
        var totals = ConsistencyJob.Totals(new ScriptedSource<Transfer>(Transfers.Scripts).In(job), out var balances);
        job.Capture(balances.Process(() => new WithTimestamp<Entry>()), "balances");
        job.Capture(totals.Process(() => new WithTimestamp<long>()), "totals");
    }

    /// <summary>Which transfers are late depends on the schedule; captured is which totals there were.</summary>
    internal static void ConsistentOfLateData(JobUnderTest job, bool decidesOnce = true)
    {
        job.Env.Options.ConsistentOutput = true;
        var transfers = new ScriptedSource<Transfer>(Transfers.LateScripts).In(job);
        transfers = decidesOnce ? transfers.DropLateData() : transfers;
        job.Capture(ConsistencyJob.Totals(transfers, out _).KeyBy(total => total).Process(() => new Distinct<long>()), "totals");
    }

    private static SingleOutputStream<Transfer> In(this ScriptedSource<Transfer> source, JobUnderTest job) => job.Env.FromSource(source);
}
