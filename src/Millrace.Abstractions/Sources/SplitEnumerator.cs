namespace Millrace.Connectors;

/// <summary>Finds the splits of a source and hands them to readers. All calls come one at a time.</summary>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
/// <typeparam name="TState">What the enumerator remembers in a checkpoint.</typeparam>
public abstract class SplitEnumerator<TSplit, TState>
    where TSplit : ISourceSplit
{
    /// <summary>
    /// How many records are in the splits that no reader has yet. A source's backlog is known where this and <see cref="SourceReader{T, TSplit}.PendingRecords"/> of all readers are: one whose readers have all there is says 0 here.
    /// Asked for after each call: it must not wait for anything.
    /// </summary>
    /// <value>Default: <see langword="null"/>, not known.</value>
    public virtual long? PendingRecords => null;

    /// <summary>
    /// How many bytes are in them. Where it is known and <see cref="PendingRecords"/> is not, as with files that nobody has opened, the engine takes as many of them for a record as readers do, by
    /// <see cref="SourceReader{T, TSplit}.PendingBytes"/> and <see cref="SourceReader{T, TSplit}.PendingRecords"/>.
    /// </summary>
    /// <value>Default: <see langword="null"/>, not known.</value>
    public virtual long? PendingBytes => null;

    /// <summary>Called once before anything else.</summary>
    public abstract void Start();

    /// <summary>A reader has nothing left to read and asks for a split.</summary>
    /// <param name="subtask">The reader's subtask.</param>
    public abstract void HandleSplitRequest(int subtask);

    /// <summary>Splits come back from a reader that failed before a checkpoint covered them.</summary>
    /// <param name="splits">The splits, at the position of the last checkpoint.</param>
    /// <param name="subtask">The reader's subtask.</param>
    public abstract void AddSplitsBack(IReadOnlyList<TSplit> splits, int subtask);

    /// <summary>A reader has started.</summary>
    /// <param name="subtask">The reader's subtask.</param>
    public virtual void AddReader(int subtask)
    {
    }

    /// <summary>What a new enumerator needs to know to go on from here: above all the splits that no reader has yet.</summary>
    /// <param name="checkpointId">The checkpoint.</param>
    /// <returns>The state.</returns>
    public abstract TState Snapshot(long checkpointId);

    /// <summary>Called once at the end, also after a failure.</summary>
    public virtual void Close()
    {
    }
}

/// <summary>What an enumerator can do. Safe to call from any thread.</summary>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
public abstract class SplitEnumeratorContext<TSplit>
    where TSplit : ISourceSplit
{
    /// <summary>For implementers.</summary>
    protected SplitEnumeratorContext()
    {
    }

    /// <summary>How many readers there are.</summary>
    public abstract int Parallelism { get; }

    /// <summary>The clock of the job.</summary>
    public abstract TimeProvider TimeProvider { get; }

    /// <summary>Gives a split to a reader.</summary>
    /// <param name="split">The split.</param>
    /// <param name="subtask">The reader's subtask.</param>
    public abstract void Assign(TSplit split, int subtask);

    /// <summary>Tells a reader that it will get no more splits; it ends when it has read those it has.</summary>
    /// <param name="subtask">The reader's subtask.</param>
    public abstract void NoMoreSplits(int subtask);

    /// <summary>Has the enumerator do something after a time, in its turn: no other call of it comes at the same time. Once; whoever wants it again asks again. An error fails the job.</summary>
    /// <param name="delay">How long to wait.</param>
    /// <param name="action">What to do. Not called any more when the enumerator is closed.</param>
    /// <exception cref="NotSupportedException">This context has no clock that could wake the enumerator.</exception>
    public virtual void CallAfter(TimeSpan delay, Action action) => throw new NotSupportedException($"{GetType().Name} cannot call an enumerator after a time.");

    /// <summary>
    /// Says whether the source works off a backlog, for example the history of a table before it follows the changes. While any source of the job does, checkpoints
    /// come at <c>CheckpointOptions.IntervalDuringBacklog</c>.
    /// </summary>
    /// <param name="isProcessingBacklog">Whether it does from now on. At the beginning, also after a restore, it does not; when all readers have ended it does not any more.</param>
    public virtual void SetProcessingBacklog(bool isProcessingBacklog)
    {
    }
}
