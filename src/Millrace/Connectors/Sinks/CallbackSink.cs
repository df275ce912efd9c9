namespace Millrace.Connectors;

/// <summary>Hands records to your own code.</summary>
/// <remarks>
/// The code is called by every subtask of the sink, at parallelism greater than 1 by several at once; give the sink parallelism 1 or make the code
/// thread-safe. At-least-once: after a failure records since the last checkpoint come again.
/// </remarks>
/// <example>
/// <code>
/// var each = new CallbackSink&lt;Alert&gt;(alert =&gt; queue.Enqueue(alert));
/// var batched = new CallbackSink&lt;Alert&gt;(async (batch, cancellationToken) =&gt; await client.SendAsync(batch.Values, cancellationToken));
/// </code>
/// </example>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class CallbackSink<T> : Sink<T>
{
    private readonly Func<SinkBatch<T>, CancellationToken, ValueTask> _write;

    /// <summary>Creates a sink that calls an action for every record. A record that it throws on is dealt with as <see cref="StreamSink.OnError"/> says.</summary>
    /// <param name="action">Takes a record.</param>
    public CallbackSink(Action<T> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        _write = (batch, _) =>
        {
            int i = 0;
            try
            {
                for (var values = batch.Values.Span; i < values.Length; i++)
                {
                    action(values[i]);
                }
            }
            catch (Exception cause) when (cause is not (MillraceException or OutOfMemoryException))
            {
                throw new RecordWriteException(i, cause);
            }

            return ValueTask.CompletedTask;
        };
    }

    /// <summary>Creates a sink that calls a function for every batch; the sink takes no more input until its task is complete.</summary>
    /// <param name="function">Takes a batch, which is valid until the returned task is complete.</param>
    public CallbackSink(Func<SinkBatch<T>, CancellationToken, ValueTask> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        _write = function;
    }

    /// <inheritdoc/>
    public override SinkWriter<T> CreateWriter(SinkWriterContext context) => new Writer(_write);

    private sealed class Writer(Func<SinkBatch<T>, CancellationToken, ValueTask> write) : SinkWriter<T>
    {
        public override ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken) => write(batch, cancellationToken);
    }
}
