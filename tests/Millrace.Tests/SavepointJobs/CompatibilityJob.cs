using Millrace.Connectors;
using Millrace.Windowing;

namespace Millrace.Tests.SavepointJobs;

/// <summary>The job whose savepoints are kept under tests/Compatibility. It may get more state, but what it has must stay as it is.</summary>
internal static class CompatibilityJob
{
    public const string Windows = "windows";
    public const string Files = "files";

    /// <param name="lines">Takes what the ledger says.</param>
    /// <param name="sums">Takes what windows say.</param>
    /// <param name="folder">Where the file sink writes; null for no file sink.</param>
    /// <param name="count">How many numbers there are.</param>
    public static Action<StreamExecutionEnvironment> Build(List<LedgerJob.Line> lines, List<long> sums, string? folder, long count = 10_000) => env =>
    {
        var numbers = env.FromGenerator(index => index, count, recordsPerSecond: 100, WatermarkStrategy<long>.ForMonotonousTimestamps().WithTimestampAssigner(number => number))
            .Uid(LedgerJob.SourceUid).Parallelism(1);
        LedgerJob.Ledger(numbers).SinkTo(new CallbackSink<LedgerJob.Line>(lines.Add)).Uid("lines").Parallelism(1);
        numbers.KeyBy(number => (int)(number % 10)).Window(TumblingEventTimeWindows.Of(TimeSpan.FromMilliseconds(1000))).Reduce((a, b) => a + b).Uid(Windows)
            .SinkTo(new CallbackSink<long>(sums.Add)).Uid("sums").Parallelism(1);
        if (folder is not null)
        {
            numbers.Map(number => new Number(number)).Uid("to rows").Parallelism(1).SinkTo(new FileSink<Number>(folder, CsvFormat.Of<Number>())).Uid(Files).Parallelism(1);
        }
    };

    public sealed record Number(long Value);
}
