namespace Millrace.Connectors;

/// <summary>Rows of a <see cref="PostgresSink{T}"/> that wait for their checkpoint to be complete.</summary>
/// <param name="Name">The name of the prepared transaction, or of the entry in the ledger: <c>millrace:job:uid:subtask:epoch:checkpoint</c>.</param>
/// <param name="Staged">Whether the rows are in a staging table that the ledger names; otherwise they are in a prepared transaction.</param>
/// <param name="Rows">How many rows they are.</param>
public sealed record PostgresTransaction(string Name, bool Staged, long Rows);
