using Millrace.Connectors;
using Millrace.Nexmark.Generator;
using Millrace.Nexmark.Queries;
using Millrace.Testing;

namespace Millrace.Nexmark.Tests;

/// <summary>Every query finds what plain loops find: at every parallelism, with disorder, and through crashes.</summary>
public sealed class QueryTests
{
    // A million takes minutes.
    private static readonly GeneratorOptions Many = new()
    {
        Events = int.TryParse(Environment.GetEnvironmentVariable("MILLRACE_NEXMARK_EVENTS"), out int events) ? events : 100_000,
        EventsPerSecond = 1_000,
        OutOfOrderGroup = 1_000,
        Seed = 7,
    };

    private static readonly GeneratorOptions Few = Many with { Events = 3_000, EventsPerSecond = 100, OutOfOrderGroup = 100 };
    private static readonly Lazy<World> WorldOfMany = new(() => WorldOf(Many));
    private static readonly Lazy<World> WorldOfFew = new(() => WorldOf(Few));

    public static TheoryData<string, int> QueriesAndParallelism { get; } = [.. from query in WithOracle from parallelism in new[] { 1, 2, 4 } select (query.Name, parallelism)];

    public static TheoryData<string, string> QueriesAndWays { get; } = [.. from query in WithOracle from way in Ways select (query.Name, way)];

    // What q12 finds depends on when it runs.
    private static IEnumerable<NexmarkQuery> WithOracle => AllQueries.All.Where(query => query is not Q12);

    private static IEnumerable<string> Ways =>
    [
        "two checkpoints at once, the process crashes, goes on at another parallelism",
        "aligned, stopped with a savepoint, goes on at another parallelism",
        "unaligned, the process crashes",
    ];

    [Fact]
    public void Every_query_has_an_oracle() => Assert.Equal(WithOracle.Select(query => query.Name).Order(), Oracles.All.Select(oracle => oracle.Query.Name).Order());

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Q12_counts_the_bids_of_every_ten_seconds_of_the_clock(int parallelism)
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism });
        var results = new List<Q12.Result>();
        new Q12().Results(new NexmarkInput(env, new NexmarkGenerator(Few with { Tps = 100 }), hasTime: false)).SinkTo(new CallbackSink<Q12.Result>(results.Add));
        JobRunner.Run(env, seed: 1);

        // It takes 30 seconds, and what is open at the end never ends: that is the last event or two.
        Assert.InRange(results.Sum(result => result.Bids), 2_700, WorldOfFew.Value.Bids.Count);
        Assert.All(results, result => Assert.Equal((0, 10_000), (result.Start % 10_000, result.End - result.Start)));
        Assert.Equal(3, results.DistinctBy(result => result.Start).Count());
        Assert.Equal(results.Count, results.DistinctBy(result => (result.Bidder, result.Start)).Count());
        var bids = WorldOfFew.Value.Bids.CountBy(bid => bid.Bidder).ToDictionary();
        Assert.All(results.GroupBy(result => result.Bidder), bidder => Assert.InRange(bidder.Sum(result => result.Bids), 1, bids[bidder.Key]));
    }

    [Theory]
    [MemberData(nameof(QueriesAndParallelism))]
    public async Task A_query_finds_in_many_events_what_plain_loops_find(string name, int parallelism)
    {
        var oracle = OracleOf(name);
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism });
        var difference = oracle.Declare(new NexmarkInput(env, new NexmarkGenerator(Many), oracle.Query.HasEventTime));
        await env.ExecuteAsync(name, TestContext.Current.CancellationToken);
        Assert.Null(difference(WorldOfMany.Value));
    }

    [Theory]
    [MemberData(nameof(QueriesAndWays))]
    public void A_query_finds_the_same_through_crashes(string name, string wayName)
    {
        var oracle = OracleOf(name);
        JobEquivalence.Check(
            job => job.Capture(oracle.DeclareTexts(new NexmarkInput(job.Env, new NexmarkGenerator(Few), oracle.Query.HasEventTime)), "results"),
            JobWay.Named(wayName),
            new JobResults([new("results", oracle.Texts(WorldOfFew.Value))]),
            new JobEquivalenceOptions { Seeds = 1 });
    }

    private static Oracle OracleOf(string name) => Oracles.All.Single(oracle => oracle.Query.Name == name);

    private static World WorldOf(GeneratorOptions options)
    {
        var generator = new NexmarkGenerator(options);
        return new World(Enumerable.Range(0, (int)options.Events).Select(place => generator.Make(place)));
    }
}
