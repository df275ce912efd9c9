using Millrace.Nexmark.Generator;
using Millrace.Nexmark.HandWritten;
using Millrace.Nexmark.Queries;
using Millrace.Nexmark.Running;

namespace Millrace.Nexmark.Tests;

/// <summary>The loops that queries are compared with find what the queries find.</summary>
public sealed class LoopTests
{
    private static readonly GeneratorOptions Options = new() { Events = 50_000, EventsPerSecond = 1_000, Seed = 5 };

    public static TheoryData<string> Names { get; } = [.. Loops.All.Keys.Where(name => name != Loops.Generator)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_loop_finds_what_the_query_finds(string name)
    {
        var query = AllQueries.Named(name);
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1 });
        var sink = new BlackholeSink(latencies: null);
        query.Declare(new NexmarkInput(env, new NexmarkGenerator(Options with { Lanes = 1 }), query.HasEventTime), sink);
        await env.ExecuteAsync(name, TestContext.Current.CancellationToken);
        var findings = new Findings();
        Loops.All[name](new EventBatches(new NexmarkGenerator(Options)), findings);
        Assert.NotEqual(0, findings.Results);
        Assert.Equal((findings.Results, findings.Digest), (sink.Results, sink.Digest));
    }
}
