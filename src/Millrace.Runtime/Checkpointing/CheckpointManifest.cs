namespace Millrace.Runtime.Checkpointing;

/// <summary>All there is to know of a completed checkpoint or savepoint: what <c>_metadata</c> says.</summary>
/// <param name="JobId">The job.</param>
/// <param name="JobName">Its name.</param>
/// <param name="CheckpointId">The number of the checkpoint, unique and growing over all epochs of the job.</param>
/// <param name="Epoch">The attempt that took it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Timestamp">When it began, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Operators">The operators of the job, also those without state.</param>
/// <param name="InFlight">Records that barriers had overtaken.</param>
internal sealed record CheckpointManifest(
    string JobId,
    string JobName,
    long CheckpointId,
    long Epoch,
    SnapshotKind Kind,
    long Timestamp,
    IReadOnlyList<OperatorManifest> Operators,
    IReadOnlyList<ChannelSnapshot> InFlight);

/// <summary>An operator in a checkpoint.</summary>
/// <param name="Uid">The operator's uid.</param>
/// <param name="Name">Its name, for messages.</param>
/// <param name="Parallelism">How many subtasks it had.</param>
/// <param name="MaxParallelism">How many key groups it has.</param>
/// <param name="IsFinished">Whether all its subtasks had come to their end: it does nothing any more but pass the end on.</param>
/// <param name="Coordinator">The state of its enumerator, where it is a source.</param>
/// <param name="Subtasks">The state of its subtasks; one without state is not in it.</param>
internal sealed record OperatorManifest(
    string Uid, string Name, int Parallelism, int MaxParallelism, bool IsFinished, CoordinatorSnapshot? Coordinator, IReadOnlyList<OperatorSnapshot> Subtasks);

/// <summary>The state of an enumerator.</summary>
/// <param name="Schema">How it was written.</param>
/// <param name="State">The state.</param>
internal sealed record CoordinatorSnapshot(Millrace.Serialization.TypeSchema Schema, ReadOnlyMemory<byte> State);
