namespace Millrace.Runtime.Checkpointing;

/// <summary>Why a job cannot start from a checkpoint.</summary>
internal static class RestoreErrors
{
    public static StateIncompatibleException NoPlace(CheckpointManifest manifest, IReadOnlyList<OperatorManifest> homeless, IReadOnlyList<string> operators) => new(
        "MR4105",
        $"{Of(manifest)} has state of {homeless.Count} operator(s) that the job does not have: {string.Join(", ", homeless.Select(op => $"'{op.Name}' (uid {op.Uid})"))}. "
        + $"The job has: {string.Join(", ", operators)}. Give operators the uids that they had (.Uid(\"...\")), or drop the state with RestoreOptions.AllowNonRestoredState.");

    public static StateIncompatibleException NoEdge(CheckpointManifest manifest, ChannelSnapshot channel) => new(
        "MR4106",
        $"{Of(manifest)} has records in flight from operator {channel.Edge.Split('|')[0]} to {channel.Edge.Split('|')[1]}, which the job does not connect any more. Change the graph "
        + "with a savepoint, which has no records in flight, or drop them with RestoreOptions.AllowNonRestoredState.");

    private static string Of(CheckpointManifest manifest) => $"{(manifest.Kind == SnapshotKind.Checkpoint ? "Checkpoint" : "Savepoint")} {manifest.CheckpointId} of job '{manifest.JobName}'";
}
