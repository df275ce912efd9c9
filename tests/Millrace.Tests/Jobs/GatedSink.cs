using Millrace.Connectors;

namespace Millrace.Tests.Jobs;

/// <summary>A sink whose first write completes when the test says so, or when it is cancelled.</summary>
internal sealed class GatedSink : Sink<long>
{
    private int _closed;
    private long _written;

    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ManualResetEventSlim? Writing { get; init; }

    public bool IgnoresToken { get; init; }

    public int Closed => _closed;

    public long Written => Interlocked.Read(ref _written);

    public override SinkWriter<long> CreateWriter(SinkWriterContext context) => new Writer(this);

    private sealed class Writer(GatedSink owner) : SinkWriter<long>
    {
        public override async ValueTask WriteAsync(SinkBatch<long> batch, CancellationToken cancellationToken)
        {
            owner.Writing?.Set();
            await owner.Gate.Task.WaitAsync(owner.IgnoresToken ? CancellationToken.None : cancellationToken);
            Interlocked.Add(ref owner._written, batch.Count);
        }

        public override ValueTask CloseAsync()
        {
            Interlocked.Increment(ref owner._closed);
            return ValueTask.CompletedTask;
        }
    }
}
