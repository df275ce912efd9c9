using Millrace.Connectors;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Operators;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Tests.Operators;

public sealed class SinkOperatorTests
{
    [Fact]
    public void Write_CompleteAtOnce_TakesBatchAfterBatch()
    {
        var sink = new ManualSink { Immediate = true };
        var (op, _) = Open(new SinkOperator<int>(sink));
        op.Receive(OperatorRig.Batch((1, 10L), (2, 20L)));
        op.Receive(OperatorRig.Batch((3, 30L)));
        Assert.False(op.IsUnfinished);
        op.Control(ControlElement.Watermark(7));
        Assert.Equal(7, op.Context.Metrics.Watermark);
        op.Control(ControlElement.EndOfInput);
        Assert.False(op.IsUnfinished);
        Assert.Equal(["write 1@10 2@20", "write 3@30", "flush end"], sink.Log);
    }

    [Fact]
    public async Task Write_ThatCompletesLater_HoldsTheTaskAndComesBackThroughTheMailbox()
    {
        var sink = new ManualSink();
        var (op, rig) = Open(new SinkOperator<int>(sink));
        op.Receive(OperatorRig.Batch((1, 0L)));
        Assert.True(op.IsUnfinished);
        Assert.True(rig.Pressure.IsBlocked);

        // What is on the way in the chain already waits: one write at a time.
        op.Receive(OperatorRig.Batch((2, 0L)));
        op.Receive(OperatorRig.Batch((3, 0L)));
        op.Control(ControlElement.EndOfInput);
        op.Resume();
        Assert.Equal(["write 1@0"], sink.Log);
        for (int i = 0; i < 4; i++)
        {
            sink.CompleteOne();
            Assert.True(op.IsUnfinished);
            rig.DrainMailbox();
            op.Resume();
        }

        Assert.Equal(["write 1@0", "write 2@0", "write 3@0", "flush end"], sink.Log);
        Assert.False(op.IsUnfinished);
        Assert.False(rig.Pressure.IsBlocked);
        Assert.Equal(1, sink.MostAtOnce);
        op.Close();
        await op.CloseAsync();
        Assert.Equal("close", sink.Log[^1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Write_ThatFails_FailsTheTaskNamingTheOperator(bool immediate)
    {
        var sink = new ManualSink { Immediate = immediate, Failure = new IOException("disk full") };
        var (op, rig) = Open(new SinkOperator<int>(sink));
        var error = Assert.ThrowsAny<Exception>(() =>
        {
            op.Receive(OperatorRig.Batch((1, 0L)));
            sink.CompleteOne();
            rig.DrainMailbox();
            Assert.True(op.IsUnfinished);
            op.Resume();
        });
        Assert.Contains("disk full", error.Message, StringComparison.Ordinal);
        Assert.Contains("op (1/1) failed writing", error.Message, StringComparison.Ordinal);
        Assert.IsType<IOException>(error.InnerException);
    }

    [Fact]
    public async Task CloseAsync_WithAWriteUnderWay_WaitsForIt()
    {
        var sink = new ManualSink();
        var (op, _) = Open(new SinkOperator<int>(sink));
        op.Receive(OperatorRig.Batch((1, 0L)));
        op.Close();
        var closing = op.CloseAsync().AsTask();
        Assert.False(closing.IsCompleted);
        Assert.DoesNotContain("close", sink.Log);
        sink.CompleteOne();
        await closing;
        Assert.Equal(["write 1@0", "close"], sink.Log);
    }

    [Fact]
    public void Open_WhenTheWriterCannotBeMade_NamesTheOperator()
    {
        var op = new SinkOperator<int>(new BrokenSink());
        _ = new OperatorRig(op);
        var error = Assert.ThrowsAny<Exception>(op.Open);
        Assert.Contains("opening the writer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Committing_OncePerSecondAndAtTheEnd_PreparesThenCommits()
    {
        var sink = new Transactions();
        var (op, rig) = Open(new CommittingSinkOperator<int, string>(sink));
        op.Receive(OperatorRig.Batch((1, 0L), (2, 0L)));
        rig.Advance(999);
        Assert.Equal(["write 1 2"], sink.Log);
        rig.Advance(1);
        Assert.Equal(["prepare", "commit 1 2"], sink.Log[1..]);

        // Nothing prepared, nothing committed.
        rig.Advance(1_000);
        Assert.Equal(["prepare"], sink.Log[3..]);
        op.Receive(OperatorRig.Batch((3, 0L)));
        op.Control(ControlElement.EndOfInput);
        Assert.Equal(["write 3", "flush end", "prepare end", "commit 3"], sink.Log[4..]);
        Assert.Equal(long.MaxValue, op.NextProcessingTime);
        op.Close();
        await op.CloseAsync();
        Assert.Equal(["close writer", "close committer"], sink.Log[8..]);
    }

    [Fact]
    public async Task Committing_WhenTheWriterFailsToClose_StillClosesTheCommitter()
    {
        var sink = new Transactions { FailClose = true };
        var (op, _) = Open(new CommittingSinkOperator<int, string>(sink));
        op.Close();
        var error = await Assert.ThrowsAsync<OperatorException>(async () => await op.CloseAsync());
        Assert.IsType<IOException>(error.InnerException);
        Assert.Equal(["close writer", "close committer"], sink.Log);
    }

    [Fact]
    public async Task Committing_WhenTheWriterCannotBeMade_ClosesTheCommitter()
    {
        var sink = new Transactions { FailOpen = true };
        var op = new CommittingSinkOperator<int, string>(sink);
        _ = new OperatorRig(op);
        Assert.ThrowsAny<Exception>(op.Open);
        op.Close();
        await op.CloseAsync();
        Assert.Equal(["close committer"], sink.Log);
    }

    private static (TOperator Operator, OperatorRig Rig) Open<TOperator>(TOperator op)
        where TOperator : SinkOperator<int>
    {
        var rig = new OperatorRig(op);
        op.Open();
        return (op, rig);
    }

    /// <summary>A sink whose writes are complete when the test says so.</summary>
    private sealed class ManualSink : Sink<int>
    {
        private readonly Queue<TaskCompletionSource> _open = [];

        public List<string> Log { get; } = [];

        public bool Immediate { get; init; }

        public Exception? Failure { get; init; }

        public int MostAtOnce { get; private set; }

        public void CompleteOne()
        {
            var source = _open.Dequeue();
            if (Failure is null)
            {
                source.SetResult();
            }
            else
            {
                source.SetException(Failure);
            }
        }

        public override SinkWriter<int> CreateWriter(SinkWriterContext context) => new Writer(this);

        private ValueTask Do(string what)
        {
            Log.Add(what);
            if (Immediate)
            {
                return Failure is null ? default : ValueTask.FromException(Failure);
            }

            var source = new TaskCompletionSource();
            _open.Enqueue(source);
            MostAtOnce = Math.Max(MostAtOnce, _open.Count);
            return new ValueTask(source.Task);
        }

        private sealed class Writer(ManualSink sink) : SinkWriter<int>
        {
            public override ValueTask WriteAsync(SinkBatch<int> batch, CancellationToken cancellationToken) =>
                sink.Do("write " + string.Join(' ', batch.Values.ToArray().Zip(batch.Timestamps.ToArray(), (value, time) => $"{value}@{time}")));

            public override ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken) => sink.Do(endOfInput ? "flush end" : "flush");

            public override ValueTask CloseAsync()
            {
                sink.Log.Add("close");
                return default;
            }
        }
    }

    private sealed class BrokenSink : Sink<int>
    {
        public override SinkWriter<int> CreateWriter(SinkWriterContext context) => throw new IOException("no such folder");
    }

    private sealed class Transactions : CommittingSink<int, string>
    {
        public List<string> Log { get; } = [];

        public bool FailOpen { get; init; }

        public bool FailClose { get; init; }

        public override CommittingSinkWriter<int, string> CreateWriter(SinkWriterContext context) => FailOpen ? throw new IOException("no") : new Writer(this);

        public override Committer<string> CreateCommitter(SinkWriterContext context) => new TransactionCommitter(this);

        private sealed class Writer(Transactions sink) : CommittingSinkWriter<int, string>
        {
            private readonly List<int> _open = [];

            public override ValueTask WriteAsync(SinkBatch<int> batch, CancellationToken cancellationToken)
            {
                sink.Log.Add("write " + string.Join(' ', batch.Values.ToArray()));
                _open.AddRange(batch.Values.ToArray());
                return default;
            }

            public override ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken)
            {
                sink.Log.Add("flush end");
                return default;
            }

            public override ValueTask<IReadOnlyList<string>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
            {
                sink.Log.Add(endOfInput ? "prepare end" : "prepare");
                IReadOnlyList<string> prepared = _open.Count == 0 ? [] : [string.Join(' ', _open)];
                _open.Clear();
                return new(prepared);
            }

            public override ValueTask CloseAsync()
            {
                sink.Log.Add("close writer");
                return sink.FailClose ? ValueTask.FromException(new IOException("no")) : default;
            }
        }

        private sealed class TransactionCommitter(Transactions sink) : Committer<string>
        {
            public override ValueTask CommitAsync(IReadOnlyList<string> committables, CancellationToken cancellationToken)
            {
                sink.Log.Add("commit " + string.Join(", ", committables));
                return default;
            }

            public override ValueTask CloseAsync()
            {
                sink.Log.Add("close committer");
                return default;
            }
        }
    }
}
