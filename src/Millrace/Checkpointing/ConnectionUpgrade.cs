namespace Millrace.Checkpointing;

/// <summary>What becomes of records that were in flight between two operators. Only checkpoints whose barriers overtook records have any, savepoints never.</summary>
/// <param name="From">The uid of the operator that sent them.</param>
/// <param name="To">The uid of the operator that they were for.</param>
/// <param name="Status">What becomes of them.</param>
/// <param name="Reason">Why; empty where there is nothing to say.</param>
/// <param name="Code">The code of the error that the start would fail with, where it would.</param>
public sealed record ConnectionUpgrade(string From, string To, UpgradeStatus Status, string Reason, string? Code = null);
