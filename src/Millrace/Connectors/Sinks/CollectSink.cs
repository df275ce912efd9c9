using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Millrace.Connectors;

/// <summary>
/// Brings the records of a stream back into the program that started the job. When the program reads slowly the job waits; when it stops reading,
/// the rest is dropped and the job goes on.
/// </summary>
/// <remarks>
/// Belongs to one job run in this process and to one reading loop. The order is that of the stream at parallelism 1; otherwise each subtask's own.
/// At-least-once: records since the last checkpoint come again after a failure.
/// </remarks>
/// <example>
/// <code>
/// var sink = new CollectSink&lt;Alert&gt;();
/// // ... start the job that writes to it, then:
/// await foreach (var alert in sink.ReadAllAsync(cancellationToken)) { ... }
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class CollectSink<T> : Sink<T>
{
    private readonly Channel<T> _channel;
    private readonly Lock _lock = new();
    private readonly HashSet<int> _closedSubtasks = [];

    /// <summary>Creates the sink.</summary>
    /// <param name="capacity">How many records wait for the program before the job waits; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is less than 1.</exception>
    public CollectSink(int capacity = 4096)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _channel = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { SingleReader = true });
    }

    /// <summary>
    /// Whether the results end when the writers of all subtasks are closed.
    /// </summary>
    /// <value>
    /// <see langword="true"/>. An engine that may restart the job sets it to <see langword="false"/> and calls <see cref="Complete"/> at the end.
    /// </value>
    public bool CompletesWithWriters { get; init; } = true;

    /// <summary>Ends the results. What was written before can still be read. Safe to call from any thread, and more than once; the first call counts.</summary>
    /// <param name="error">Why the job failed, which the reading loop then throws; <see langword="null"/> when it did not.</param>
    public void Complete(Exception? error = null) => _channel.Writer.TryComplete(error);

    /// <summary>Nobody reads any more: drops what is waiting and what comes, so that the job does not wait. Safe to call from any thread.</summary>
    public void Abandon()
    {
        _channel.Writer.TryComplete();
        while (_channel.Reader.TryRead(out _))
        {
        }
    }

    /// <summary>The results, until the job has ended. Leaving the loop early calls <see cref="Abandon"/>.</summary>
    /// <param name="cancellationToken">Stops the reading, not the job.</param>
    /// <returns>The records.</returns>
    public async IAsyncEnumerable<T> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (var value in _channel.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return value;
            }
        }
        finally
        {
            Abandon();
        }
    }

    /// <summary>The results, until the job has ended. Who leaves the loop early cancels the job, which would wait for a reader otherwise.</summary>
    internal IAsyncEnumerable<T> ReadWithoutAbandoningAsync(CancellationToken cancellationToken) => _channel.Reader.ReadAllAsync(cancellationToken);

    /// <inheritdoc/>
    public override SinkWriter<T> CreateWriter(SinkWriterContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new Writer(this, context.SubtaskIndex, context.Parallelism);
    }

    private void WriterClosed(int subtask, int parallelism)
    {
        if (!CompletesWithWriters)
        {
            return;
        }

        lock (_lock)
        {
            if (!_closedSubtasks.Add(subtask) || _closedSubtasks.Count < parallelism)
            {
                return;
            }
        }

        _channel.Writer.TryComplete();
    }

    private sealed class Writer(CollectSink<T> sink, int subtask, int parallelism) : SinkWriter<T>
    {
        public override ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken)
        {
            var values = batch.Values.Span;
            for (int i = 0; i < values.Length; i++)
            {
                if (!sink._channel.Writer.TryWrite(values[i]))
                {
                    return WriteRestAsync(batch.Values[i..], cancellationToken);
                }
            }

            return ValueTask.CompletedTask;
        }

        public override ValueTask CloseAsync()
        {
            sink.WriterClosed(subtask, parallelism);
            return ValueTask.CompletedTask;
        }

        private async ValueTask WriteRestAsync(ReadOnlyMemory<T> values, CancellationToken cancellationToken)
        {
            var writer = sink._channel.Writer;
            for (int i = 0; i < values.Length; i++)
            {
                try
                {
                    await writer.WriteAsync(values.Span[i], cancellationToken).ConfigureAwait(false);
                }
                catch (ChannelClosedException)
                {
                    // Nobody reads any more; the job is not to fail for that.
                    return;
                }
            }
        }
    }
}
