using Millrace.Runtime.Checkpointing;
using Millrace.Runtime.Exchange;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Operators;

/// <summary>An operator in one subtask. Everything is called from the subtask, one call at a time.</summary>
internal abstract class StreamOperator
{
    public OperatorContext Context { get; private set; } = null!;

    public SideOutputs SideOutputs { get; } = new();

    /// <summary>What happens to records that user code throws on.</summary>
    protected OperatorErrors Errors { get; private set; } = null!;

    /// <summary>The operator's watermark: the last one that has been worked off and handed on.</summary>
    public long CurrentWatermark { get; protected set; } = EventTime.MinWatermark;

    /// <summary>When the operator next has something to do, by <see cref="Now"/>; <see cref="long.MaxValue"/> for never.</summary>
    public virtual long NextProcessingTime => long.MaxValue;

    /// <summary>
    /// Whether the operator goes by durations, which <see cref="MonotonicClock"/> tells, and not by the time of day: what is done five times a second must not stop for an hour when the clock on the
    /// wall is set back by one.
    /// </summary>
    public virtual bool GoesByDurations => false;

    /// <summary>The time in milliseconds: since 1970-01-01 UTC, unless the operator <see cref="GoesByDurations"/>.</summary>
    public long Now => GoesByDurations ? Context.MonotonicTime : Context.ProcessingTime;

    /// <summary><see cref="NextProcessingTime"/> in milliseconds since 1970-01-01 UTC, if nobody sets the clock until then: for a timer.</summary>
    public long NextTimer => NextProcessingTime is var next && (next == long.MaxValue || !GoesByDurations) ? next : Context.ProcessingTime + Math.Max(0, next - Now);

    /// <summary>
    /// Whether work was interrupted because nobody takes the output. The subtask gives no input before <see cref="Resume"/> has done it.
    /// </summary>
    public virtual bool IsUnfinished => false;

    /// <summary>Whether the operator gives its output watermarks of its own.</summary>
    public virtual bool AssignsWatermarks => false;

    public virtual void Setup(OperatorContext context)
    {
        Context = context;
        Errors = new OperatorErrors(context, SideOutputs);
    }

    /// <summary>Called once before the first record, after state was restored.</summary>
    public virtual void Open()
    {
    }

    /// <summary>
    /// Asks for the state that <see cref="Open"/> asks for, for a look at what the operator keeps: the job does not run. Where opening reaches out of the process, to what is read or written, nothing but that is done.
    /// </summary>
    public virtual void OpenState() => Open();

    /// <summary>Goes on with interrupted work until it is done or the output is blocked again.</summary>
    public virtual void Resume()
    {
    }

    /// <summary>Does what is due by the clock, if anything is.</summary>
    public void FireProcessingTime()
    {
        if (NextProcessingTime is var next && next != long.MaxValue && Now is var now && next <= now)
        {
            OnProcessingTime(now);
        }
    }

    /// <summary>Does what is due by the clock.</summary>
    /// <param name="now"><see cref="Now"/>.</param>
    protected virtual void OnProcessingTime(long now)
    {
    }

    /// <summary>Hands on partly filled batches.</summary>
    public virtual void Flush() => SideOutputs.Flush();

    /// <summary>
    /// Hands on what is gathered, because a batch has been worked off: to the next operator, which costs next to nothing, and so to the exchange, where batches are filled. What has come out of one batch
    /// by different ways stays together so: a join is not given one side of it much earlier than the other.
    /// </summary>
    public virtual void HandOn() => Flush();

    /// <summary>Called once at the end, also after a failure.</summary>
    public virtual void Close()
    {
    }

    /// <summary>A barrier is about to be sent: what belongs before it is emitted now.</summary>
    public virtual void PrepareBarrier()
    {
    }

    /// <summary>
    /// Freezes the operator's state, between two elements and when nothing is unfinished. What is expensive is left to the background; what must wait for
    /// something else defers the snapshot.
    /// </summary>
    public virtual void Snapshot(PendingOperatorSnapshot snapshot) => snapshot.Add(Context.OperatorState);

    /// <summary>
    /// Does of a snapshot what nobody notices, and throws it away. What a snapshot needs is compiled then, and the first checkpoint need not stand still for it. Called when the
    /// operator is open.
    /// </summary>
    public virtual void Rehearse()
    {
        using var snapshot = new PendingOperatorSnapshot(CheckpointBarrier.Rehearsal, Context.OperatorUid);
        snapshot.Add(Context.OperatorState);
    }

    /// <summary>Takes the state of a checkpoint, between <see cref="Setup"/> and <see cref="Open"/>. Not on the subtask's turn: reading may block.</summary>
    public virtual void Restore(OperatorRestore restore) => restore.Into(Context.OperatorState);

    /// <summary>A source reads nothing more and ends its input; nothing else has anything to do here.</summary>
    public virtual void EndSource()
    {
    }

    /// <summary>A checkpoint that the operator took part in is complete.</summary>
    public virtual void CheckpointCompleted(long checkpointId)
    {
    }

    /// <summary>A checkpoint has come to nothing.</summary>
    public virtual void CheckpointAborted(long checkpointId)
    {
    }

    /// <summary>Asks for asynchronous work to be released; the subtask ends when it has. Called after <see cref="Close"/>.</summary>
    public virtual ValueTask CloseAsync() => ValueTask.CompletedTask;
}

/// <summary>An operator with one kind of result.</summary>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class StreamOperator<TOut> : StreamOperator
{
    public OutputPort<TOut> Output { get; } = new();

    public override void Setup(OperatorContext context)
    {
        base.Setup(context);
        Output.CountInto(context.Metrics);
    }

    /// <summary>Hands a control element to everybody behind this operator.</summary>
    protected void Forward(in ControlElement element)
    {
        Output.Control(element);
        SideOutputs.Control(element);
    }
}

/// <summary>An operator with one input and one kind of result.</summary>
/// <typeparam name="TIn">The type of the input.</typeparam>
/// <typeparam name="TOut">The type of the results.</typeparam>
internal abstract class StreamOperator<TIn, TOut> : InputOperator<TOut>, IReceiver<TIn>
{
    public abstract void Receive(RecordBatch<TIn> batch);
}
