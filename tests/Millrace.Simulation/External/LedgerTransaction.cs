namespace Millrace.Simulation.External;

/// <summary>Identifies a prepared transaction of a <see cref="Ledger{T}"/>: what a <see cref="LedgerSink{T}"/> keeps in checkpoints.</summary>
/// <param name="Id">The transaction.</param>
/// <param name="CheckpointId">The checkpoint that it was prepared for.</param>
public sealed record LedgerCommittable(string Id, long CheckpointId);

/// <summary>A writer, as the external system knows it.</summary>
/// <param name="Operator">The sink.</param>
/// <param name="Subtask">Which of its subtasks.</param>
/// <param name="Parallelism">How many it has.</param>
/// <param name="Epoch">The attempt to run the job.</param>
/// <param name="RestoredCheckpoint">What the attempt began from.</param>
internal sealed record LedgerParty(string Operator, int Subtask, int Parallelism, long Epoch, long? RestoredCheckpoint)
{
    /// <summary>
    /// Whether a subtask of an earlier attempt, perhaps at another parallelism, is this one's to clean up after. Every earlier subtask has exactly one heir, also where
    /// only a region of the job has been restarted and the other subtasks of that attempt live on.
    /// </summary>
    public bool IsHeirOf(LedgerParty other) => other.Operator == Operator && other.Epoch < Epoch && other.Subtask % Parallelism == Subtask;

    public override string ToString() => $"{Operator} ({Subtask + 1}/{Parallelism}) of epoch {Epoch}";
}

/// <summary>What has become of a transaction.</summary>
internal enum LedgerState
{
    Open,
    Prepared,
    Committed,
    Aborted,
}

/// <summary>A transaction of the external system.</summary>
internal sealed class LedgerTransaction<T>(string id, LedgerParty owner)
{
    public string Id { get; } = id;

    public LedgerParty Owner { get; } = owner;

    public LedgerState State { get; set; }

    /// <summary>The checkpoint that it was prepared for.</summary>
    public long? CheckpointId { get; set; }

    public List<T> Records { get; } = [];

    public override string ToString() =>
        $"transaction {Id} of {Owner}{(CheckpointId is { } checkpoint ? $" for checkpoint {checkpoint}" : "")}, {Records.Count} records, {State}";
}

/// <summary>What a <see cref="Ledger{T}"/> was when a savepoint was taken.</summary>
/// <param name="CheckpointId">The savepoint's number.</param>
/// <param name="Transactions">Those up to it, and what had become of them. Their records do not change any more.</param>
/// <param name="Committed">Those of them that were committed, in the order of commits.</param>
internal sealed record LedgerBackup<T>(long CheckpointId, IReadOnlyList<(LedgerTransaction<T> Transaction, LedgerState State)> Transactions, IReadOnlyList<LedgerTransaction<T>> Committed);
