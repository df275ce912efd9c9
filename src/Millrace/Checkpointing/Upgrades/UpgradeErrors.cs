namespace Millrace.Checkpointing.Upgrades;

/// <summary>Why nothing can be checked.</summary>
internal static class UpgradeErrors
{
    public static MillraceException NoStorage(string jobName) => new(
        "MR4401",
        $"Job '{jobName}' keeps no checkpoints, so there is nothing that it could go on from: give it a Checkpoints.Storage, or say with UpgradeCheckOptions.Storage where the savepoint is.");
}
