using Millrace.Runtime.Serialization;

namespace Millrace.Runtime.Checkpointing;

/// <summary>Why a job cannot start from a checkpoint.</summary>
internal static class RestoreErrors
{
    /// <summary>State of operators that the job does not have.</summary>
    public const string Homeless = "MR4105";

    private const string InFlight = "MR4107";
    private const string InsteadOfInFlight = "Start the program as it was, stop it with a savepoint, which has no records in flight, and start this one from that.";

    public static StateIncompatibleException NoPlace(CheckpointManifest manifest, IReadOnlyList<OperatorManifest> homeless, IReadOnlyList<string> operators) => new(
        Homeless,
        $"{Of(manifest)} has state of {homeless.Count} operator(s) that the job does not have: {string.Join(", ", homeless.Select(op => $"'{op.Name}' (uid {op.Uid})"))}. "
        + $"The job has: {string.Join(", ", operators)}. Give operators the uids that they had (.Uid(\"...\")), or drop the state with RestoreOptions.AllowNonRestoredState.");

    public static StateIncompatibleException NoEdge(CheckpointManifest manifest, ChannelSnapshot channel) => new(
        "MR4106",
        $"{Of(manifest)} has records in flight from operator {channel.Edge.Split('|')[0]} to {channel.Edge.Split('|')[1]}, which the job does not connect any more. Change the graph "
        + "with a savepoint, which has no records in flight, or drop them with RestoreOptions.AllowNonRestoredState.");

    public static StateIncompatibleException FinishedConsumer(CheckpointManifest manifest, string consumer, string producer) => new(
        "MR4109",
        $"{Of(manifest)} has {consumer} as finished, and the job leads records to it from {producer}, which has not finished: they would be passed over. Give {consumer}, and what comes behind it, a new uid, "
        + "so that it begins anew, or run what is new as a job of its own.");

    public static StateIncompatibleException InFlightIncompatible(string stream, StateIncompatibleException cause) => new(
        InFlight, $"Records in flight on {stream} cannot be restored: {cause.Message} {InsteadOfInFlight}", cause);

    public static StateIncompatibleException InFlightUnreadable(string stream, Type type, InFlightFormat? format, Exception cause) => new(
        InFlight,
        $"Records in flight on {stream} cannot be read as {TypeNames.Of(type)} ({cause.GetType().Name}: {cause.Message}). "
        + (format is null ? "The checkpoint does not say how they were written; their type may have changed since. " : $"They were written as {format.Records}. ")
        + InsteadOfInFlight,
        cause);

    private static string Of(CheckpointManifest manifest) => $"{(manifest.Kind == SnapshotKind.Checkpoint ? "Checkpoint" : "Savepoint")} {manifest.CheckpointId} of job '{manifest.JobName}'";
}
