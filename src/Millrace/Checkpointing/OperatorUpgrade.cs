namespace Millrace.Checkpointing;

/// <summary>What becomes of an operator.</summary>
/// <param name="Uid">Its uid.</param>
/// <param name="Name">Its name in the job; in the savepoint, where the job does not have it.</param>
/// <param name="Status">The gravest of what becomes of it and its states; <see cref="UpgradeStatus.New"/> where only the job has it. One with states that are new or kept beside others is as the others are.</param>
/// <param name="Reason">What is to be said of the operator itself; empty where there is nothing.</param>
/// <param name="States">Its states.</param>
/// <param name="Code">The code of the error that the start would fail with because of the operator itself, where it would.</param>
public sealed record OperatorUpgrade(string Uid, string Name, UpgradeStatus Status, string Reason, IReadOnlyList<StateUpgrade> States, string? Code = null);
