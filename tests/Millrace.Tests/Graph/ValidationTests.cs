using Millrace.Windowing;

namespace Millrace.Tests.Graph;

/// <summary>A wrong graph is refused before anything runs, with operator and call site.</summary>
public sealed class ValidationTests
{
    private static StreamExecutionEnvironment Env() => new(new ExecutionOptions { Parallelism = 2 });

    private static GraphException Refused(StreamExecutionEnvironment env, string code, params string[] parts)
    {
        var error = Assert.Throws<GraphException>(() => env.GetPlan("wrong"));
        Assert.Equal(code, error.Code);
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        return error;
    }

    public static TheoryData<string, ExecutionOptions> WrongOptions => new()
    {
        { nameof(ExecutionOptions.Parallelism), new ExecutionOptions { Parallelism = 0 } },
        { nameof(ExecutionOptions.Parallelism), new ExecutionOptions { Parallelism = 129 } },
        { nameof(ExecutionOptions.MaxParallelism), new ExecutionOptions { MaxParallelism = 32_769 } },
        { nameof(ExecutionOptions.BatchSize), new ExecutionOptions { BatchSize = 0 } },
        { nameof(ExecutionOptions.BatchSize), new ExecutionOptions { BatchSize = 65_537 } },
        { nameof(ExecutionOptions.ChannelCapacity), new ExecutionOptions { ChannelCapacity = 1 } },
        { nameof(ExecutionOptions.ChannelCapacity), new ExecutionOptions { ChannelCapacity = 1_025 } },
        { nameof(ExecutionOptions.BufferTimeout), new ExecutionOptions { BufferTimeout = TimeSpan.FromMilliseconds(-1) } },
        { nameof(ExecutionOptions.AutoWatermarkInterval), new ExecutionOptions { AutoWatermarkInterval = TimeSpan.Zero } },
        { nameof(ExecutionOptions.LatencyTrackingInterval), new ExecutionOptions { LatencyTrackingInterval = TimeSpan.FromHours(2) } },
        { nameof(ExecutionOptions.CancellationTimeout), new ExecutionOptions { CancellationTimeout = TimeSpan.Zero } },
    };

    [Theory]
    [MemberData(nameof(WrongOptions), DisableDiscoveryEnumeration = true)]
    public void Options_OutOfRange_MR1001(string name, ExecutionOptions options)
    {
        var env = new StreamExecutionEnvironment(options);
        env.FromSequence(1, 2).Discard();
        Refused(env, "MR1001", $"ExecutionOptions.{name} is ");
    }

    [Fact]
    public void Graph_Empty_MR1002() => Refused(Env(), "MR1002", "wrong");

    [Fact]
    public void Uid_UsedTwice_MR1003NamesBoth()
    {
        var env = Env();
        env.FromSequence(1, 2).Map(n => n, "a.cs", 1).Name("one").Uid("same").Filter(n => n > 0, "b.cs", 2).Name("two").Uid("same").Discard();
        Refused(env, "MR1003", "'same'", "'one' (Map, a.cs:1)", "'two' (Filter, b.cs:2)");
    }

    [Fact]
    public void Stream_LeadsToNoSink_MR1004()
    {
        var env = Env();
        env.FromSequence(1, 2).Map(n => n, "a.cs", 7).Name("lost");
        Refused(env, "MR1004", "'lost' (Map, a.cs:7)");
    }

    [Fact]
    public void Parallelism_AboveMaxParallelism_MR1005()
    {
        var env = Env();
        env.FromSequence(1, 2).Map(n => n, "a.cs", 7).Name("wide").MaxParallelism(4).Parallelism(5).Discard();
        Refused(env, "MR1005", "'wide' (Map, a.cs:7)", "parallelism 5", "max parallelism 4");
    }

    [Fact]
    public void MaxParallelism_OutOfRange_MR1005()
    {
        var env = Env();
        env.FromSequence(1, 2).Map(n => n, "a.cs", 7).MaxParallelism(40_000).Discard();
        Refused(env, "MR1005", "(Map, a.cs:7)", "40000");
    }

    [Fact]
    public void Forward_DifferentParallelism_MR1006()
    {
        var env = Env();
        env.FromSequence(1, 2).Name("from").Forward().Map(n => n, "a.cs", 7).Parallelism(1).Discard();
        Refused(env, "MR1006", "'from'", "(Map, a.cs:7)", "Rebalance");
    }

    [Fact]
    public void ParallelismBounds_ThatCannotHold_MR1005()
    {
        var above = Env();
        above.FromSequence(1, 2).Map(n => n, "a.cs", 7).MaxParallelism(4).ParallelismBounds(1, 5).Discard();
        Refused(above, "MR1005", "(Map, a.cs:7)", "1 to 5 subtasks", "it can have 4");
        var declared = Env();
        declared.FromSequence(1, 2).Map(n => n, "a.cs", 7).Parallelism(1).ParallelismBounds(2, 5).Discard();
        Refused(declared, "MR1005", "(Map, a.cs:7)", "parallelism 1", "2 to 5");
        var sink = Env().FromSequence(1, 2).Discard();
        Assert.Throws<ArgumentOutOfRangeException>(() => sink.ParallelismBounds(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => sink.ParallelismBounds(3, 2));
    }

    [Fact]
    public void Forward_OtherBounds_MR1006()
    {
        var env = Env();
        env.FromSequence(1, 2).Name("from").Forward().Map(n => n, "a.cs", 7).ParallelismBounds(1, 64).Discard();
        Refused(env, "MR1006", "'from'", "no bounds of its parallelism", "(Map, a.cs:7)", "1 to 64 subtasks");
    }

    [Fact]
    public void Record_NotSerializable_MR1007NamesTheMember()
    {
        var env = Env();
        env.FromSequence(1, 2).Map(_ => new HasAnAction(null), "a.cs", 7).Discard("b.cs", 8);
        Refused(env, "MR1007", "(Map, a.cs:7)", "(Sink, b.cs:8)", nameof(HasAnAction.Callback));
    }

    [Fact]
    public void Key_WithoutValueEquality_MR1007()
    {
        var env = Env();
        env.FromSequence(1, 2).KeyBy(n => new Reference { Number = n }).Reduce((a, _) => a, "a.cs", 7).Discard();
        Refused(env, "MR1007", "(Reduce, a.cs:7)", nameof(Reference));
    }

    [Fact]
    public void Window_StateNotSerializable_MR1007NamesTheMember()
    {
        var env = Env();
        env.FromSequence(1, 2).KeyBy(n => n).Window(TumblingEventTimeWindows.Of(TimeSpan.FromSeconds(1))).Aggregate(() => new Unserializable(), "a.cs", 7).Discard();
        Refused(env, "MR1007", "(Window, a.cs:7)", nameof(HasAnAction.Callback));
    }

    [Fact]
    public async Task Execute_WrongGraph_ThrowsTheSameAndRunsNothing()
    {
        var env = Env();
        bool ran = false;
        var stream = env.FromGenerator(index => ran = true, 10);
        stream.Discard().Uid("same");
        stream.Discard().Uid("same");
        Refused(env, "MR1003");
        Assert.Equal("MR1003", (await Assert.ThrowsAsync<GraphException>(() => env.ExecuteAsync("wrong", TestContext.Current.CancellationToken))).Code);
        Assert.Throws<GraphException>(() => env.Start("wrong"));
        Assert.False(ran);
    }

    [Fact]
    public void Union_OfAnotherEnvironment_IsRefused()
    {
        var stream = Env().FromSequence(1, 2);
        Assert.Throws<ArgumentException>(() => stream.Union(Env().FromSequence(1, 2)));
    }

    private sealed record HasAnAction(Action? Callback);

    private sealed class Reference
    {
        public long Number { get; set; }
    }

    private sealed class Unserializable : AggregateFunction<long, HasAnAction, long>
    {
        public override HasAnAction CreateAccumulator() => new(null);

        public override void Add(ref HasAnAction accumulator, long value)
        {
        }

        public override void Merge(ref HasAnAction target, in HasAnAction source)
        {
        }

        public override long GetResult(in HasAnAction accumulator) => 0;
    }
}
