using Microsoft.Extensions.Logging;
using Millrace.Serialization;
using Millrace.State;

namespace Millrace.Connectors;

/// <summary>A sink without transactions: what is written is visible, and may be written again after a failure.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class Sink<T>
{
    /// <summary>Checks at graph build what can be checked without writing.</summary>
    /// <exception cref="ConnectorException">The sink cannot work; the message says why.</exception>
    public virtual void Validate()
    {
    }

    /// <summary>The same, knowing how the job will run.</summary>
    internal virtual void Validate(ExecutionOptions options) => Validate();

    /// <summary>Creates the writer of a subtask.</summary>
    /// <param name="context">The writer's place in the job.</param>
    /// <returns>The writer.</returns>
    public abstract SinkWriter<T> CreateWriter(SinkWriterContext context);
}

/// <summary>
/// A sink with transactions: writers prepare them, a committer makes them visible. What is prepared before a checkpoint is committed when the
/// checkpoint is complete, and again after a crash: a commit must be idempotent. Without checkpoints the engine commits once a second and at the end.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TCommittable">What identifies a prepared transaction; serializable.</typeparam>
public abstract class CommittingSink<T, TCommittable> : Sink<T>
{
    /// <inheritdoc/>
    public abstract override CommittingSinkWriter<T, TCommittable> CreateWriter(SinkWriterContext context);

    /// <summary>Creates the committer of a subtask. After a restore it is created, and commits what the checkpoint had prepared, before the writer is created.</summary>
    /// <param name="context">The committer's place in the job.</param>
    /// <returns>The committer.</returns>
    public abstract Committer<TCommittable> CreateCommitter(SinkWriterContext context);

    /// <summary>Writes committables into checkpoints.</summary>
    /// <value>Default (<see langword="null"/>): the engine's own serializer for the type.</value>
    public virtual TypeSerializer<TCommittable>? CommittableSerializer => null;
}

/// <summary>Writes the records of one subtask. All calls come one at a time; the engine awaits each before the next.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public abstract class SinkWriter<T>
{
    /// <summary>Writes a batch. Until the task is complete the subtask takes no more input, and backpressure goes up the stream.</summary>
    /// <param name="batch">The records; valid until the returned task is complete.</param>
    /// <param name="cancellationToken">Cancelled when the subtask is.</param>
    /// <returns>Complete when the writer can take more.</returns>
    /// <exception cref="RecordWriteException">One record cannot be written; those before it have been.</exception>
    public abstract ValueTask WriteAsync(SinkBatch<T> batch, CancellationToken cancellationToken);

    /// <summary>Makes sure that all that was written has left the process (or is part of a prepared transaction).</summary>
    /// <param name="endOfInput">Whether nothing more will come.</param>
    /// <param name="cancellationToken">Cancelled when the subtask is.</param>
    /// <returns>Complete when it has.</returns>
    public virtual ValueTask FlushAsync(bool endOfInput, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>
    /// Called at every barrier, behind <see cref="FlushAsync"/> and the preparation of a commit: the last moment to bring up to date what is kept in
    /// <see cref="SinkWriterContext.State"/>.
    /// </summary>
    /// <param name="checkpointId">The checkpoint.</param>
    public virtual void SnapshotState(long checkpointId)
    {
    }

    /// <summary>Called once at the end, also after a failure: releases what the writer holds and discards what is not prepared.</summary>
    /// <returns>Complete when released.</returns>
    public virtual ValueTask CloseAsync() => ValueTask.CompletedTask;
}

/// <summary>A writer that prepares transactions.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TCommittable">What identifies a prepared transaction.</typeparam>
public abstract class CommittingSinkWriter<T, TCommittable> : SinkWriter<T>
{
    /// <summary>Prepares what is ready: from here on it survives a crash, and only the committer touches it.</summary>
    /// <param name="checkpointId">
    /// The checkpoint that the transactions become part of. They are committed when it, or a later one, is complete; if a checkpoint before it is restored
    /// instead, nobody commits them: whoever has <see cref="SinkWriterContext.RestoredCheckpointId"/> less than it may roll them back. Without checkpoints a running number.
    /// </param>
    /// <param name="endOfInput">Whether nothing more will come, so that everything must be prepared.</param>
    /// <param name="cancellationToken">Cancelled when the subtask is.</param>
    /// <returns>The prepared transactions; may be empty.</returns>
    public abstract ValueTask<IReadOnlyList<TCommittable>> PrepareCommitAsync(long checkpointId, bool endOfInput, CancellationToken cancellationToken);
}

/// <summary>Makes prepared transactions visible.</summary>
/// <typeparam name="TCommittable">What identifies a prepared transaction.</typeparam>
public abstract class Committer<TCommittable>
{
    /// <summary>Commits. One that is already committed is a success.</summary>
    /// <param name="committables">The prepared transactions, oldest first. After a restore they may be those of other subtasks.</param>
    /// <param name="cancellationToken">Cancelled when the subtask is.</param>
    /// <returns>Complete when all are visible.</returns>
    /// <exception cref="ConnectorException">It did not work. Where it is transient the engine tries again with growing delays, ten times; otherwise the job fails and is restored.</exception>
    public abstract ValueTask CommitAsync(IReadOnlyList<TCommittable> committables, CancellationToken cancellationToken);

    /// <summary>Called once at the end, also after a failure.</summary>
    /// <returns>Complete when released.</returns>
    public virtual ValueTask CloseAsync() => ValueTask.CompletedTask;
}

/// <summary>A writer's or committer's place in the job.</summary>
/// <param name="JobName">The job's name.</param>
/// <param name="OperatorName">The sink's name.</param>
/// <param name="OperatorUid">The sink's uid.</param>
/// <param name="SubtaskIndex">Which of the sink's subtasks this is.</param>
/// <param name="Parallelism">How many subtasks the sink has.</param>
/// <param name="TimeProvider">The clock of the job.</param>
/// <param name="Logger">A logger for the sink.</param>
public sealed record SinkWriterContext(
    string JobName, string OperatorName, string OperatorUid, int SubtaskIndex, int Parallelism, TimeProvider TimeProvider, ILogger Logger)
{
    /// <summary>
    /// Whether the job takes checkpoints, so that commits go with them. A writer must then prepare all that it has taken at each
    /// <c>PrepareCommitAsync</c>: what is not prepared is gone after a restore, because the sources go on behind it. Without checkpoints it may keep
    /// some back until the end of the input.
    /// </summary>
    /// <value><see langword="true"/>: whoever forgets to set it loses nothing.</value>
    public bool CheckpointingEnabled { get; init; } = true;

    /// <summary>The name under which the job's checkpoints are kept: the same in every run that goes on from the one before. Part of the names of transactions.</summary>
    public string JobId { get; init; } = JobName;

    /// <summary>The number of this attempt to run the job. It grows with every restart, also of the process: whatever an attempt with a lesser number has left is nobody's.</summary>
    public long Epoch { get; init; } = 1;

    /// <summary>The checkpoint that the job was restored from; <see langword="null"/> when it began anew. What was prepared for this one or an earlier one is committed already or is being committed.</summary>
    public long? RestoredCheckpointId { get; init; }

    /// <summary>What is to become of records that a writer finds out later about.</summary>
    /// <value><see cref="SinkErrors.Fail"/></value>
    public SinkErrors Errors { get; init; } = SinkErrors.Fail;

    /// <summary>State of the writer itself, for example the ids of transactions that it holds open.</summary>
    public OperatorStateStore State { get; init; } = OperatorStateStore.Transient();
}

/// <summary>Records on their way into a sink.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <param name="values">The records.</param>
/// <param name="timestamps">Their timestamps; <see cref="EventTime.None"/> where they have none.</param>
public readonly struct SinkBatch<T>(ReadOnlyMemory<T> values, ReadOnlyMemory<long> timestamps)
{
    /// <summary>How many records.</summary>
    public int Count => Values.Length;

    /// <summary>The records, in order.</summary>
    public ReadOnlyMemory<T> Values { get; } = values;

    /// <summary>The timestamps of the records, in milliseconds since 1970-01-01 UTC.</summary>
    public ReadOnlyMemory<long> Timestamps { get; } = timestamps;
}
