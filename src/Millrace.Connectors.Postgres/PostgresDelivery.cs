namespace Millrace.Connectors;

/// <summary>What a <see cref="PostgresSink{T}"/> promises when the job fails and goes on from a checkpoint.</summary>
public enum PostgresDelivery
{
    /// <summary>
    /// Every record is in the table exactly once. The rows of a checkpoint are one transaction, which is prepared at the barrier
    /// (<c>PREPARE TRANSACTION</c>) and committed when the checkpoint is complete. The server must have <c>max_prepared_transactions</c> above zero.
    /// With a key the rows go over a staging table as in <see cref="ExactlyOnceStaged"/>: a prepared upsert would keep rows locked that the
    /// next one needs.
    /// </summary>
    ExactlyOnce,

    /// <summary>
    /// Every record is in the table exactly once, without a setting of the server. Rows are kept in a staging table, and moved into the target, together with the
    /// removal of their entry in a ledger, in one transaction when the checkpoint is complete. Every row is written twice.
    /// </summary>
    ExactlyOnceStaged,

    /// <summary>
    /// No record is lost; those since the last checkpoint are written again after a failure. With a key writing again changes nothing, so that the table
    /// becomes what it would be without the failure. Rows are visible as soon as they are written.
    /// </summary>
    AtLeastOnce,
}
