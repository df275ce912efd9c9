using Millrace.Connectors;

namespace Millrace.Tests.Checkpointing;

/// <summary>Sources that say that they work off a backlog change how often checkpoints come.</summary>
public sealed class BacklogTests
{
    private readonly VirtualRun _run = new();
    private readonly BacklogSource _first = new(long.MaxValue);
    private readonly BacklogSource _second = new(long.MaxValue);

    [Fact]
    public void Checkpoints_WhileASourceHasABacklog_ComeAtItsInterval()
    {
        Start(TimeSpan.FromMinutes(1));
        _run.RunTo(35);
        _first.Context!.SetProcessingBacklog(true);
        _run.RunTo(155);
        _first.Context.SetProcessingBacklog(false);
        _run.RunTo(179);

        // 30 is the last before the backlog: the next is due a minute behind it, and 10 s behind the end of the backlog it is as before.
        Assert.Equal([10, 20, 30, 90, 150, 165, 175], _run.Begun());
    }

    [Fact]
    public void Checkpoints_OfTwoSourcesWithABacklog_WaitForBoth()
    {
        Start(TimeSpan.Zero);
        _run.RunTo(15);
        _first.Context!.SetProcessingBacklog(true);
        _second.Context!.SetProcessingBacklog(true);
        _run.RunTo(100);
        _first.Context.SetProcessingBacklog(false);
        _run.RunTo(200);
        Assert.Equal([10], _run.Begun());
        _second.Context.SetProcessingBacklog(false);
        _run.RunTo(215);
        Assert.Equal([10, 210], _run.Begun());
    }

    [Fact]
    public void Backlog_OfASourceThatHasEnded_IsNone()
    {
        var ends = new BacklogSource(20);
        Start(TimeSpan.Zero, ends);
        _run.RunTo(5);
        ends.Context!.SetProcessingBacklog(true);
        _run.RunTo(39);

        // The source stays for a checkpoint that nobody takes by himself: the backlog is said, and it is asked for.
        Assert.Empty(_run.Begun());
        _run.Await(_run.Execution.RequestAsync(Runtime.Checkpointing.SnapshotKind.Checkpoint));
        _run.RunTo(61);
        Assert.Equal([39, 49, 59], _run.Begun());
    }

    [Fact]
    public void Backlog_OfAnEnumeratorThatWasReplaced_IsForgotten()
    {
        bool fails = false;
        var env = _run.Env(options => options.IntervalDuringBacklog = TimeSpan.Zero);
        env.FromSource(_first).Map(n => !fails ? n : throw new InvalidOperationException("once")).Discard();
        _run.Start(env, "backlog");
        _run.RunTo(15);
        var old = _first.Context!;
        old.SetProcessingBacklog(true);
        _run.RunTo(50);
        fails = true;
        _run.RunUntil(() => _run.Execution.Failures.Restarts == 1);
        fails = false;
        _run.RunTo(70);
        Assert.NotSame(old, _first.Context);
        Assert.True(_run.Begun().Count > 1, "The new enumerator has said nothing, so checkpoints come as always.");

        old.SetProcessingBacklog(true);
        int begun = _run.Begun().Count;
        _run.RunTo(95);
        Assert.True(_run.Begun().Count > begun, "What the old one says counts for nothing.");
    }

    private void Start(TimeSpan during, BacklogSource? first = null)
    {
        var env = _run.Env(options => options.IntervalDuringBacklog = during);
        env.FromSource(first ?? _first).Name("first").Union(env.FromSource(_second).Name("second")).Discard();
        _run.Start(env, "backlog");
    }

    /// <summary>A record a second, and an enumerator whose context the test has.</summary>
    private sealed class BacklogSource(long count) : Source<long, RangeSplit, RangeEnumeratorState>
    {
        private readonly GeneratorSource<long> _inner = new(n => n, count, recordsPerSecond: 1);

        public SplitEnumeratorContext<RangeSplit>? Context { get; private set; }

        public override Boundedness Boundedness => _inner.Boundedness;

        public override SplitEnumerator<RangeSplit, RangeEnumeratorState> CreateEnumerator(
            SplitEnumeratorContext<RangeSplit> context, RangeEnumeratorState? restored, bool isRestored)
        {
            Context = context;
            return _inner.CreateEnumerator(context, restored, isRestored);
        }

        public override SourceReader<long, RangeSplit> CreateReader(SourceReaderContext context) => _inner.CreateReader(context);
    }
}
