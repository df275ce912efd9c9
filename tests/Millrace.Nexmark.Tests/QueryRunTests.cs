using Millrace.Nexmark.Generator;
using Millrace.Nexmark.HandWritten;
using Millrace.Nexmark.Queries;
using Millrace.Nexmark.Running;

namespace Millrace.Nexmark.Tests;

/// <summary>What a run says of a query, where that does not depend on the machine.</summary>
public sealed class QueryRunTests
{
    private static readonly GeneratorOptions Options = new() { Events = 20_000, EventsPerSecond = 20, Seed = 5, Lanes = 1 };

    // Few events in a window, so that several are the greatest: the operator before the sink then gives more than it is given.
    [Theory]
    [InlineData("q0")]
    [InlineData("q5")]
    [InlineData("q7")]
    [InlineData("q11")]
    public async Task Results_are_those_that_have_come_to_the_sink(string name)
    {
        using var run = new QueryRun(new RunOptions { Generator = Options, Parallelism = 1, CheckpointInterval = null }, TextWriter.Null);
        var figures = await run.RunAsync(AllQueries.Named(name), Options, TestContext.Current.CancellationToken);
        var findings = new Findings();
        Loops.All[name](new EventBatches(new NexmarkGenerator(Options)), findings);
        Assert.Equal((Options.Events, findings.Results), (figures.Events, figures.Results));
    }

    [Fact]
    public async Task Files_count_as_results_too()
    {
        string folder = Directory.CreateTempSubdirectory("millrace-nexmark-tests-").FullName;
        try
        {
            using var run = new QueryRun(new RunOptions { Generator = Options, Output = folder, Warmup = 0, Parallelism = 2, CheckpointInterval = null }, TextWriter.Null);
            var figures = await run.MeasureAsync(new Q10(), TestContext.Current.CancellationToken);
            int rows = Directory.GetFiles(Path.Combine(folder, "q10"), "*.csv", SearchOption.AllDirectories).Sum(file => File.ReadLines(file).Count() - 1);
            Assert.Equal(Options.Events * NexmarkGenerator.Bids / NexmarkGenerator.Epoch, rows);
            Assert.Equal(rows, figures.Results);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
