using Millrace.Serialization;

namespace Millrace.Connectors;

/// <summary>Whether a source ends.</summary>
public enum Boundedness
{
    /// <summary>It ends: the job can finish.</summary>
    Bounded,

    /// <summary>It goes on until the job is cancelled or stopped.</summary>
    Unbounded,
}

/// <summary>
/// A part of a source that is read by one subtask: a file, a range of a file, a partition. Splits are data: they are sent to subtasks and
/// kept in snapshots, and carry the position from which to read on.
/// </summary>
public interface ISourceSplit
{
    /// <summary>Identifies the split within the source; does not change as the position moves.</summary>
    string SplitId { get; }
}

/// <summary>
/// A source: an enumerator, of which there is one per job, finds splits and hands them out; readers, one per subtask, read them.
/// After FLIP-27 of Apache Flink.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TSplit">The type of the splits; serializable.</typeparam>
/// <typeparam name="TState">What the enumerator remembers in a checkpoint; serializable.</typeparam>
public abstract class Source<T, TSplit, TState>
    where TSplit : ISourceSplit
{
    /// <summary>Whether the source ends.</summary>
    public abstract Boundedness Boundedness { get; }

    /// <summary>How many subtasks the source can use at most; the engine uses no more.</summary>
    public virtual int MaxParallelism => int.MaxValue;

    /// <summary>Serializes splits into checkpoints; <see langword="null"/> for the engine's own serializer of the type.</summary>
    public virtual TypeSerializer<TSplit>? SplitSerializer => null;

    /// <summary>Checks at graph build what can be checked without reading: that files exist, that options agree.</summary>
    /// <exception cref="ConnectorException">The source cannot work; the message says why.</exception>
    public virtual void Validate()
    {
    }

    /// <summary>Creates the enumerator of a job.</summary>
    /// <param name="context">Hands splits to readers.</param>
    /// <param name="restored">What an earlier enumerator remembered, or <see langword="default"/> on a fresh start.</param>
    /// <param name="isRestored">Whether this is a restore.</param>
    /// <returns>The enumerator.</returns>
    public abstract SplitEnumerator<TSplit, TState> CreateEnumerator(SplitEnumeratorContext<TSplit> context, TState? restored, bool isRestored);

    /// <summary>Creates the reader of a subtask.</summary>
    /// <param name="context">The reader's place in the job.</param>
    /// <returns>The reader.</returns>
    public abstract SourceReader<T, TSplit> CreateReader(SourceReaderContext context);
}
