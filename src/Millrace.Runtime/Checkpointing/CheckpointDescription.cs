namespace Millrace.Runtime.Checkpointing;

/// <summary>Kinds of checkpoints in words, for the log.</summary>
internal static class CheckpointDescription
{
    public static string Of(SnapshotKind kind) => kind == SnapshotKind.Checkpoint ? "checkpoint" : "savepoint";
}
