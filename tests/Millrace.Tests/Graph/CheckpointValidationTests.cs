using Millrace.Checkpointing;
using Millrace.Connectors;
using Millrace.Serialization;

namespace Millrace.Tests.Graph;

/// <summary>With checkpoints on, what cannot be written into them is refused before anything runs.</summary>
public sealed class CheckpointValidationTests
{
    [Fact]
    public void Splits_ThatCannotBeSerialized_MR1007NamesTheMember()
    {
        var error = Refused(env => env.FromSource(new HandleSource<HandleSplit, int>()).Name("handles").Discard());
        Assert.Contains("'handles'", error.Message, StringComparison.Ordinal);
        Assert.Contains("splits (HandleSplit)", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(HandleSplit.Open), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EnumeratorState_ThatCannotBeSerialized_MR1007NamesTheMember()
    {
        var error = Refused(env => env.FromSource(new HandleSource<PlainSplit, HandleState>()).Name("handles").Discard());
        Assert.Contains("enumerator remembers (HandleState)", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(HandleState.Later), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Committables_ThatCannotBeSerialized_MR1007NamesTheMember()
    {
        var error = Refused(env => env.FromSequence(1, 2).SinkTo(new HandleSink()).Name("the sink"));
        Assert.Contains("'the sink'", error.Message, StringComparison.Ordinal);
        Assert.Contains("committables (HandleState)", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(HandleState.Later), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Serializers_OfTheirOwn_AreEnough()
    {
        Build(new DirectoryCheckpointStorage("x"), env => env.FromSource(new HandleSource<HandleSplit, int> { Splits = new NoSerializer<HandleSplit>() }).Discard());
        Build(new DirectoryCheckpointStorage("x"), env => env.FromSequence(1, 2).SinkTo(new HandleSink { Committables = new NoSerializer<HandleState>() }));
    }

    [Fact]
    public void WithoutCheckpoints_NothingOfThatIsAsked()
    {
        Build(null, env => env.FromSource(new HandleSource<HandleSplit, HandleState>()).Discard());
        Build(null, env => env.FromSequence(1, 2).SinkTo(new HandleSink()));
    }

    [Fact]
    public void AtLeastOnce_WithSeveralCheckpointsAtOnce_MR1009()
    {
        var options = new ExecutionOptions();
        options.Checkpoints.Storage = new DirectoryCheckpointStorage("x");
        options.Checkpoints.Mode = CheckpointMode.AtLeastOnce;
        options.Checkpoints.MaxConcurrent = 2;
        var env = new StreamExecutionEnvironment(options);
        env.FromSequence(1, 2).Discard();
        var error = Assert.Throws<GraphException>(() => env.GetPlan());
        Assert.Equal("MR1009", error.Code);
        Assert.Contains("MaxConcurrent", error.Message, StringComparison.Ordinal);
    }

    private static GraphException Refused(Action<StreamExecutionEnvironment> build)
    {
        var error = Assert.Throws<GraphException>(() => Build(new DirectoryCheckpointStorage("x"), build));
        Assert.Equal("MR1007", error.Code);
        return error;
    }

    private static void Build(CheckpointStorage? storage, Action<StreamExecutionEnvironment> build)
    {
        var options = new ExecutionOptions();
        options.Checkpoints.Storage = storage;
        var env = new StreamExecutionEnvironment(options);
        build(env);
        env.GetPlan("checked");
    }

    private sealed record PlainSplit(string SplitId) : ISourceSplit;

    private sealed record HandleSplit(string SplitId, Stream Open) : ISourceSplit;

    private sealed record HandleState(Action Later);

    private sealed class HandleSource<TSplit, TState> : Source<int, TSplit, TState>
        where TSplit : ISourceSplit
    {
        public TypeSerializer<TSplit>? Splits { get; init; }

        public override Boundedness Boundedness => Boundedness.Bounded;

        public override TypeSerializer<TSplit>? SplitSerializer => Splits;

        public override SplitEnumerator<TSplit, TState> CreateEnumerator(SplitEnumeratorContext<TSplit> context, TState? restored, bool isRestored) => throw new NotSupportedException();

        public override SourceReader<int, TSplit> CreateReader(SourceReaderContext context) => throw new NotSupportedException();
    }

    private sealed class HandleSink : CommittingSink<long, HandleState>
    {
        public TypeSerializer<HandleState>? Committables { get; init; }

        public override TypeSerializer<HandleState>? CommittableSerializer => Committables;

        public override CommittingSinkWriter<long, HandleState> CreateWriter(SinkWriterContext context) => throw new NotSupportedException();

        public override Committer<HandleState> CreateCommitter(SinkWriterContext context) => throw new NotSupportedException();
    }

    private sealed class NoSerializer<T> : TypeSerializer<T>
    {
        public override TypeSchema Schema => throw new NotSupportedException();

        public override void Write(ref BinaryOutput output, in T value) => throw new NotSupportedException();

        public override T Read(ref BinaryInput input) => throw new NotSupportedException();

        public override bool IsImmutable => throw new NotSupportedException();

        public override T Copy(T value) => throw new NotSupportedException();

        public override TypeSerializer<T> ForReading(TypeSchema written) => throw new NotSupportedException();
    }
}
