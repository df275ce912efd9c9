using Millrace.Connectors;

namespace Millrace.Tests.Jobs;

/// <summary>A transactional sink, synchronous or completing on other threads.</summary>
internal sealed class FaultySink(Probe probe, bool asynchronous) : CommittingSink<string, int>
{
    public override CommittingSinkWriter<string, int> CreateWriter(SinkWriterContext context)
    {
        probe.At(FaultPoint.CreateWriter);
        var writer = new Writer(probe, asynchronous);
        probe.Open(writer);
        return writer;
    }

    public override Committer<int> CreateCommitter(SinkWriterContext context)
    {
        probe.At(FaultPoint.CreateCommitter);
        var committer = new FaultyCommitter(probe, asynchronous);
        probe.Open(committer);
        return committer;
    }

    private static async ValueTask StepAsync(Probe probe, FaultPoint point, bool asynchronous)
    {
        if (asynchronous)
        {
            await Task.Yield();
        }

        // What comes after an await is the sink's own business, on whatever thread.
        if (point == probe.Fault || !asynchronous)
        {
            probe.At(point);
        }
    }

    private sealed class Writer(Probe probe, bool asynchronous) : CommittingSinkWriter<string, int>
    {
        private bool _writing;

        public override async ValueTask WriteAsync(SinkBatch<string> batch, CancellationToken cancellationToken)
        {
            if (_writing)
            {
                probe.Wrong.Enqueue("Two writes at once.");
            }

            _writing = true;
            if (asynchronous && probe.Fault == FaultPoint.SinkWrite)
            {
                await Task.Yield();
                _writing = false;
                var error = new InvalidOperationException("boom at SinkWrite");
                probe.Thrown.Enqueue(error);
                throw error;
            }

            await StepAsync(probe, FaultPoint.SinkWrite, asynchronous);
            _writing = false;
        }

        public override ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken) => StepAsync(probe, FaultPoint.SinkFlush, asynchronous);

        public override async ValueTask<IReadOnlyList<int>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken)
        {
            await StepAsync(probe, FaultPoint.SinkPrepare, asynchronous);
            return [1];
        }

        public override ValueTask CloseAsync()
        {
            probe.Close(this);
            return StepAsync(probe, FaultPoint.SinkWriterClose, asynchronous);
        }
    }

    private sealed class FaultyCommitter(Probe probe, bool asynchronous) : Committer<int>
    {
        public override ValueTask CommitAsync(IReadOnlyList<int> committables, CancellationToken cancellationToken) => StepAsync(probe, FaultPoint.SinkCommit, asynchronous);

        public override ValueTask CloseAsync()
        {
            probe.Close(this);
            return StepAsync(probe, FaultPoint.SinkCommitterClose, asynchronous);
        }
    }
}
