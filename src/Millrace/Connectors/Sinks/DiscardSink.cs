namespace Millrace.Connectors;

/// <summary>Takes every record, counts it, and forgets it: for benchmarks and dry runs.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class DiscardSink<T> : Sink<T>
{
    private long _count;

    /// <summary>How many records all subtasks in this process have taken. Safe to read from any thread; exact when the job has ended.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <inheritdoc/>
    public override SinkWriter<T> CreateWriter(SinkWriterContext context) => new Writer(this);

    private sealed class Writer(DiscardSink<T> sink) : SinkWriter<T>
    {
        public override ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken)
        {
            Interlocked.Add(ref sink._count, batch.Count);
            return ValueTask.CompletedTask;
        }
    }
}
