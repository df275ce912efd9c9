using Millrace.Connectors;
using Millrace.Runtime.Graph;
using Millrace.Windowing;

namespace Millrace.Tests.Graph;

/// <summary>From the program to the plan: chaining, uids, fingerprint, output.</summary>
public sealed class PlanTests
{
    private static readonly OutputTag<string> Side = new("side");

    private static StreamExecutionEnvironment Env(int parallelism = 2) => new(new ExecutionOptions { Parallelism = parallelism, MaxParallelism = 128 });

    private static string[] Tasks(StreamExecutionEnvironment env) => [.. env.BuildJobGraph("job").Vertices.Select(vertex => $"{vertex.Name} ×{vertex.Parallelism}")];

    private static Dictionary<string, string> Uids(StreamExecutionEnvironment env) => env.BuildJobGraph("job").Uids.ToDictionary(pair => pair.Key.Name, pair => pair.Value);

    [Fact]
    public void Forward_neighbours_of_the_same_parallelism_become_one_task()
    {
        var env = Env();
        env.FromSequence(1, 9).Map(n => n).Filter(n => n > 0).KeyBy(n => n).Reduce((a, b) => a + b).Discard();
        Assert.Equal(["Sequence → Map → Filter ×2", "Reduce → Discard ×2"], Tasks(env));
    }

    [Fact]
    public void Chains_break_where_they_must_and_where_the_user_says_so()
    {
        var env = Env();
        var stream = env.FromSequence(1, 9).Map(n => n).Name("a").StartNewChain().Map(n => n).Name("b").DisableChaining().Map(n => n).Name("c").Blocking();
        stream.Map(n => n).Name("d").Parallelism(3).Rebalance().Map(n => n).Name("e").Parallelism(3).Discard().Parallelism(3);
        Assert.Equal(["Sequence ×2", "a ×2", "b ×2", "c ×2", "d ×3", "e → Discard ×3"], Tasks(env));
    }

    [Fact]
    public void Operators_are_fused_where_their_bounds_of_parallelism_are_the_same()
    {
        var env = Env(4);
        env.FromSequence(1, 9).Map(n => n).Name("a").ParallelismBounds(1, 8).Map(n => n).Name("b").ParallelismBounds(1, 8).Map(n => n).Name("c").ParallelismBounds(2, 8).Discard().ParallelismBounds(1, 2);
        Assert.Equal(["Sequence ×4", "a → b ×4", "c ×4", "Discard ×2"], Tasks(env));
        var graph = env.BuildJobGraph("job");
        string text = GraphPrinter.ToText(graph);
        Assert.Contains("a → b  ×4  (1 to 8)", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Sequence  ×4  (", text, StringComparison.Ordinal);
        using var plan = System.Text.Json.JsonDocument.Parse(GraphPrinter.ToJson(graph));
        var sink = plan.RootElement.GetProperty("nodes").EnumerateArray().Last().GetProperty("parallelismBounds");
        Assert.Equal((1, 2), (sink.GetProperty("min").GetInt32(), sink.GetProperty("max").GetInt32()));

        // Workers must agree on them.
        string Fingerprint(Action<StreamSink> change)
        {
            var other = Env();
            change(other.FromSequence(1, 9).Discard());
            return other.BuildJobGraph("job").Fingerprint;
        }

        Assert.NotEqual(Fingerprint(_ => { }), Fingerprint(sink => sink.ParallelismBounds(1, 2)));
        Assert.NotEqual(Fingerprint(sink => sink.ParallelismBounds(1, 3)), Fingerprint(sink => sink.ParallelismBounds(1, 2)));
    }

    [Fact]
    public void Without_chaining_every_operator_is_a_task()
    {
        var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = 1, OperatorChaining = false });
        env.FromSequence(1, 9).Map(n => n).Discard();
        Assert.Equal(["Sequence ×1", "Map ×1", "Discard ×1"], Tasks(env));
    }

    [Fact]
    public void A_union_begins_a_task_and_a_stream_may_feed_several_operators_of_its_task()
    {
        var env = Env();
        var source = env.FromSequence(1, 9);
        source.Map(n => n).Name("left").Union(source.Filter(n => n > 1), source).Map(n => n).Name("both").Discard();
        var graph = env.BuildJobGraph("job");
        Assert.Equal(["Sequence → left → Filter", "both → Discard"], graph.Vertices.Select(vertex => vertex.Name));
        Assert.Equal(3, graph.Vertices[1].Inputs.Count);
    }

    [Fact]
    public void A_source_that_cannot_be_divided_has_one_subtask()
    {
        var env = Env(4);
        env.FromCollection([1, 2, 3]).Map(n => n).Discard();
        var graph = env.BuildJobGraph("job");
        Assert.Equal(1, graph.Vertices[0].Parallelism);
        Assert.Equal(PartitioningKind.Rebalance, Assert.Single(graph.Edges).Partitioning);
    }

    [Fact]
    public void Derived_uids_are_the_same_after_renaming_and_additions_elsewhere()
    {
        var plain = Env();
        plain.FromSequence(1, 9).Map(n => n).KeyBy(n => n).Reduce((a, b) => a + b).Name("sum").Discard();
        var changed = Env();
        var source = changed.FromSequence(1, 9).Name("renamed source");
        var map = source.Map(n => n).Name("renamed map");
        source.Filter(n => n > 0).Discard().Name("added sink");
        map.KeyBy(n => n).Reduce((a, b) => a + b).Name("sum").Parallelism(5).Discard();
        Assert.Equal(Uids(plain)["sum"], Uids(changed)["sum"]);
        Assert.Equal(Uids(plain)["Map"], Uids(changed)["renamed map"]);
    }

    [Fact]
    public void Derived_uids_change_with_what_feeds_the_operator_and_tell_twins_apart()
    {
        var one = Env();
        one.FromSequence(1, 9).KeyBy(n => n).Reduce((a, b) => a + b).Name("sum").Discard();
        var other = Env();
        other.FromSequence(1, 9).Filter(n => n > 0).KeyBy(n => n).Reduce((a, b) => a + b).Name("sum").Discard();
        Assert.NotEqual(Uids(one)["sum"], Uids(other)["sum"]);

        var twins = Env();
        var source = twins.FromSequence(1, 9);
        source.Map(n => n).Name("first").Discard().Name("s1");
        source.Map(n => n).Name("second").Discard().Name("s2");
        Assert.Equal(5, Uids(twins).Values.Distinct().Count());
    }

    [Fact]
    public void A_given_uid_is_used()
    {
        var env = Env();
        env.FromSequence(1, 9).Uid("numbers").Discard().Uid("end");
        Assert.Equal(["numbers", "end"], env.BuildJobGraph("job").Uids.Values);
    }

    [Fact]
    public void The_fingerprint_is_that_of_the_program()
    {
        Func<StreamExecutionEnvironment, SingleOutputStream<long>> program = env => env.FromSequence(1, 9).Map(n => n);
        string original = Fingerprint(env => program(env));
        Assert.Equal(original, Fingerprint(env => program(env)));
        Assert.Equal(original, Fingerprint(env => program(env), parallelism: 3));
        string[] others =
        [
            Fingerprint(env => program(env).Uid("other")),
            Fingerprint(env => program(env).Name("other")),
            Fingerprint(env => program(env).Parallelism(2)),
            Fingerprint(env => program(env).MaxParallelism(64)),
            Fingerprint(env => program(env).Blocking()),
            Fingerprint(env => program(env).DisableChaining()),
            Fingerprint(env => program(env).StartNewChain()),
            Fingerprint(env => program(env).Rebalance()),
            Fingerprint(env => program(env).Broadcast()),
            Fingerprint(env => program(env).Map(n => (int)n).Map(n => (long)n)),
            Fingerprint(env => program(env).Union(program(env))),
            Fingerprint(env => program(env).GetSideOutput(new OutputTag<long>("a"))),
            Fingerprint(env => program(env).GetSideOutput(new OutputTag<long>("b"))),
            Fingerprint(env => program(env), chaining: false),
            Fingerprint(env =>
            {
                env.Options.ConsistentOutput = true;
                return program(env);
            }),
            Fingerprint(env => program(env).Name("x|0:").Uid("y")),
            Fingerprint(env => program(env).Name("x").Uid("0:|y")),
        ];
        Assert.Equal(others.Length + 1, others.Append(original).Distinct().Count());

        static string Fingerprint(Func<StreamExecutionEnvironment, DataStream<long>> build, int parallelism = 2, bool chaining = true)
        {
            var env = new StreamExecutionEnvironment(new ExecutionOptions { Parallelism = parallelism, OperatorChaining = chaining });
            build(env).Discard();
            return env.GetPlan("job").Fingerprint;
        }
    }

    [Fact]
    public void The_plan_prints_as_text()
    {
        string expected = """
            Job 'sample', 3 tasks, fingerprint <hash>
            Task 0: Collection → parse  ×1
              Source 'Collection'  uid numbers  at here:1
              Process 'parse'  uid parse  at here:2
            Task 1: Tumbling(00:00:10) → Discard  ×2  (own threads)
              from task 0 by hash of Int64[], aggregated locally first
              Window 'Tumbling(00:00:10)'  uid window  at here:3
              Sink 'Discard'  uid end  at here:4
            Task 2: broken  ×2
              from task 0 by rebalance, side output 'side' of String
              Sink 'broken'  uid broken  at here:5

            """;
        var plan = Sample().GetPlan("sample");
        Assert.Equal(expected, plan.ToString().Replace(plan.Fingerprint[..12], "<hash>", StringComparison.Ordinal));
    }

    [Fact]
    public void The_plan_prints_as_json()
    {
        var plan = Sample().GetPlan("sample");
        string json = plan.ToJson();
        using var document = System.Text.Json.JsonDocument.Parse(json);
        var nodes = document.RootElement.GetProperty("nodes");
        Assert.Equal(plan.Fingerprint, document.RootElement.GetProperty("fingerprint").GetString());
        Assert.Equal(
            ["Data Source", "Operator", "Operator", "Data Sink", "Data Sink"], nodes.EnumerateArray().Select(node => node.GetProperty("pact").GetString()));
        Assert.Equal(
            """{"id":5,"type":"broken","pact":"Data Sink","contents":"Sink","parallelism":2,"maxParallelism":128,"uid":"broken","slotSharingGroup":"default","task":2,"callSite":"here:5","predecessors":[{"id":2,"ship_strategy":"REBALANCE","side":"first","sideOutput":"side","recordType":"String"}]}""",
            System.Text.Json.JsonSerializer.Serialize(nodes[4]));
    }

    [Theory]
    [InlineData(typeof(List<Dictionary<string, int[]>>[]), "List<Dictionary<String, Int32[]>>[]")]
    [InlineData(typeof(int[,]), "Int32[,]")]
    [InlineData(typeof(int?), "Nullable<Int32>")]
    public void TypeName_AnyType_IsAsInCSharp(Type type, string expected) => Assert.Equal(expected, GraphPrinter.TypeName(type));

    private static StreamExecutionEnvironment Sample()
    {
        var env = Env();
        var parsed = env.FromCollection(["1"], null, "/a/here", 1).Uid("numbers").Process(() => new Parse(), "C:\\b\\here", 2).Name("parse").Uid("parse").Parallelism(1);
        parsed.KeyBy(numbers => numbers.Length).Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(10))).Reduce((a, _) => a, "here", 3).Uid("window").Blocking()
            .Discard("here", 4).Uid("end").Blocking();
        parsed.GetSideOutput(Side).SinkTo(new DiscardSink<string>(), "here", 5).Name("broken").Uid("broken");
        return env;
    }

    private sealed class Parse : ProcessFunction<string, long[]>
    {
        public override void ProcessElement(string value, ProcessContext context, Collector<long[]> output)
        {
        }
    }
}
