using Millrace.Checkpointing.Upgrades;

namespace Millrace.Checkpointing;

/// <summary>
/// Whether a job can start from a savepoint or checkpoint, and what becomes of each operator and state: found out without running the job. Immutable; as text it is a table for people.
/// </summary>
/// <example>
/// <code>
/// var report = await env.CheckUpgradeAsync("orders", new UpgradeCheckOptions { Savepoint = "savepoints/trial" });
/// Console.WriteLine(report);
/// return report.ExitCode;
/// </code>
/// </example>
public sealed record UpgradeReport
{
    internal UpgradeReport()
    {
    }

    /// <summary>The job's name.</summary>
    public required string JobName { get; init; }

    /// <summary>The folder of the savepoint or checkpoint in its storage; <see langword="null"/> where there is none, and the job begins anew.</summary>
    public required string? Path { get; init; }

    /// <summary>Its number; 0 where there is none.</summary>
    public long CheckpointId { get; init; }

    /// <summary>Whether it is a savepoint, and not a checkpoint.</summary>
    public bool IsSavepoint { get; init; }

    /// <summary>When it was begun; <see langword="null"/> where there is none.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The operators: first those of the job, sources before what they feed, then those that only the savepoint has.</summary>
    public IReadOnlyList<OperatorUpgrade> Operators { get; init; } = [];

    /// <summary>The connections that had records in flight.</summary>
    public IReadOnlyList<ConnectionUpgrade> Connections { get; init; } = [];

    /// <summary>Why the start would fail: each says what to do. Empty where it would not.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>What else is good to know before the start.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Whether the job can start from it, as far as could be looked at.</summary>
    public bool IsRestorable => Problems.Count == 0;

    /// <summary>Whether everything could be looked at.</summary>
    public bool IsComplete => Operators.All(op => op.Status != UpgradeStatus.NotChecked && op.States.All(state => state.Status != UpgradeStatus.NotChecked));

    /// <summary>For a program that does nothing but check: 0 where the job can start, 1 where it cannot, 2 where nothing speaks against it and not all could be looked at.</summary>
    public int ExitCode => !IsRestorable ? 1 : IsComplete ? 0 : 2;

    /// <summary>The operator of a uid.</summary>
    /// <param name="uid">The uid.</param>
    /// <returns>What becomes of it.</returns>
    /// <exception cref="KeyNotFoundException">Neither the job nor the savepoint has it.</exception>
    public OperatorUpgrade this[string uid] => Operators.FirstOrDefault(op => op.Uid == uid)
        ?? throw new KeyNotFoundException($"Neither the job nor the savepoint has an operator with uid '{uid}'; there are {string.Join(", ", Operators.Select(op => $"'{op.Uid}'"))}.");

    /// <summary>The report as a table, with a summary in front of it.</summary>
    /// <returns>Several lines of text.</returns>
    public override string ToString() => ReportTable.Write(this);
}
