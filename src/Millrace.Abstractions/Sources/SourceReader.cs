using Microsoft.Extensions.Logging;

namespace Millrace.Connectors;

/// <summary>What a call of <see cref="SourceReader{T, TSplit}.Read"/> found.</summary>
public enum ReadStatus
{
    /// <summary>There is more to read at once.</summary>
    MoreAvailable,

    /// <summary>Nothing now; the reader calls <see cref="SourceReaderContext.Wake"/> (or <see cref="SourceReaderContext.WakeAfter"/>) when there is.</summary>
    NothingAvailable,

    /// <summary>All splits are read and no more will come.</summary>
    EndOfInput,
}

/// <summary>Reads the splits of one subtask. All calls come one at a time, from the subtask.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TSplit">The type of the splits.</typeparam>
public abstract class SourceReader<T, TSplit>
    where TSplit : ISourceSplit
{
    /// <summary>
    /// How many records the reader's splits hold that could be read now and are not read yet: its backlog. With it the autoscaler sees that a job falls behind, and by how much, before and better than by how busy tasks are. An
    /// estimate will do, where it says so; what cannot be known is <see langword="null"/>, and not 0. Asked for a few times a second, between other calls: it must not wait for anything.
    /// </summary>
    /// <value>Default: <see langword="null"/>, not known.</value>
    public virtual long? PendingRecords => null;

    /// <summary>How many bytes that are, where records are read from something that has a length. What is said of <see cref="PendingRecords"/> holds for it too.</summary>
    /// <value>Default: <see langword="null"/>, not known.</value>
    public virtual long? PendingBytes => null;

    /// <summary>Called once before anything else. A reader that wants a split asks for it here or in <see cref="Read"/>.</summary>
    public virtual void Start()
    {
    }

    /// <summary>Takes splits, new ones or ones from a snapshot.</summary>
    /// <param name="splits">The splits.</param>
    public abstract void AddSplits(IReadOnlyList<TSplit> splits);

    /// <summary>No more splits will come.</summary>
    public abstract void NoMoreSplits();

    /// <summary>Emits up to about <paramref name="maxRecords"/> records and returns, without waiting.</summary>
    /// <param name="output">Takes the records.</param>
    /// <param name="maxRecords">How many records make a good batch.</param>
    /// <returns>Whether to call again.</returns>
    public abstract ReadStatus Read(ReaderOutput<T> output, int maxRecords);

    /// <summary>The splits that are not read to their end, at their present position: exactly behind the last emitted record.</summary>
    /// <param name="checkpointId">The checkpoint.</param>
    /// <returns>The splits.</returns>
    public abstract IReadOnlyList<TSplit> Snapshot(long checkpointId);

    /// <summary>A checkpoint is complete: offsets may be committed where others want to see them.</summary>
    /// <param name="checkpointId">The checkpoint.</param>
    public virtual void CheckpointCompleted(long checkpointId)
    {
    }

    /// <summary>
    /// Some splits are ahead of the slowest source by more than the watermark alignment allows: a reader that can reads nothing of them until they are named again. One that cannot reads on; its
    /// subtask waits where all of its splits are ahead.
    /// </summary>
    /// <param name="splitsToPause">The splits to pause, by <see cref="ISourceSplit.SplitId"/>.</param>
    /// <param name="splitsToResume">The splits to go on with.</param>
    public virtual void PauseOrResumeSplits(IReadOnlyList<string> splitsToPause, IReadOnlyList<string> splitsToResume)
    {
    }

    /// <summary>Called once at the end, also after a failure.</summary>
    public virtual void Close()
    {
    }
}

/// <summary>A reader's place in the job.</summary>
public abstract class SourceReaderContext
{
    /// <summary>For implementers.</summary>
    protected SourceReaderContext()
    {
    }

    /// <summary>The reader's subtask.</summary>
    public abstract int SubtaskIndex { get; }

    /// <summary>How many readers there are.</summary>
    public abstract int Parallelism { get; }

    /// <summary>The operator's name, for messages.</summary>
    public abstract string OperatorName { get; }

    /// <summary>The clock of the job.</summary>
    public abstract TimeProvider TimeProvider { get; }

    /// <summary>Cancelled when the subtask is being cancelled.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>A logger for the reader.</summary>
    public abstract ILogger Logger { get; }

    /// <summary>Asks the enumerator for a split. The answer comes as <c>AddSplits</c> or <c>NoMoreSplits</c>.</summary>
    public abstract void RequestSplit();

    /// <summary>Has <c>Read</c> called again. Safe to call from any thread.</summary>
    public abstract void Wake();

    /// <summary>Has <c>Read</c> called again after a time.</summary>
    /// <param name="delay">How long to wait.</param>
    public abstract void WakeAfter(TimeSpan delay);

    /// <summary>
    /// Asks what to do with input that is no record. As the source's <see cref="ErrorPolicy"/> says it is counted, and put into a side output. Called within <c>Read</c>, from its thread.
    /// </summary>
    /// <param name="position">Where the input stands: file and line, partition and offset.</param>
    /// <param name="rawInput">The input as text, perhaps cut off; <see langword="null"/> where it cannot be shown.</param>
    /// <param name="cause">What is wrong with it.</param>
    /// <returns>
    /// <see langword="true"/> if the reader is to go on behind the input, which it does not count again; <see langword="false"/> if it is to throw, because no policy was given.
    /// </returns>
    public virtual bool ReportMalformed(string position, string? rawInput, Exception cause) => false;

    /// <summary>Counts a record that could not be read and was skipped.</summary>
    public abstract void CountSkipped();
}
