namespace Millrace.Connectors;

/// <summary>
/// What the <see cref="ErrorPolicy"/> of a sink says, for writers that find out later than in <see cref="SinkWriter{T}.WriteAsync"/> that a record cannot be written: those that gather batches, or that
/// send them by a timer. Others throw <see cref="RecordWriteException"/>. Safe for use by several threads.
/// </summary>
/// <example><code>if (context.Errors.LeavesOut) context.Errors.Reject(record, timestamp, error); else throw error;</code></example>
public abstract class SinkErrors
{
    /// <summary>For implementers.</summary>
    protected SinkErrors()
    {
    }

    /// <summary>What holds where nobody has said anything: the job fails.</summary>
    public static SinkErrors Fail { get; } = new Failing();

    /// <summary>Whether the job is to go on without records that cannot be written. If not, the writer throws.</summary>
    public abstract bool LeavesOut { get; }

    /// <summary>
    /// Hands over a record that the writer has taken and leaves out: it is counted, and put into a side output, as the policy says. To be called before <see cref="SinkWriter{T}.FlushAsync"/> is complete
    /// that follows the record: what comes later would not be part of the checkpoint that has the record behind it.
    /// </summary>
    /// <typeparam name="T">The type of the sink's records.</typeparam>
    /// <param name="record">The record.</param>
    /// <param name="timestamp">Its timestamp, as the batch had it.</param>
    /// <param name="cause">Why it cannot be written.</param>
    public abstract void Reject<T>(T record, long timestamp, Exception cause);

    private sealed class Failing : SinkErrors
    {
        public override bool LeavesOut => false;

        public override void Reject<T>(T record, long timestamp, Exception cause) =>
            throw new InvalidOperationException($"A record was rejected, though {nameof(LeavesOut)} is false.", cause);
    }
}
