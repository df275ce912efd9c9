using Millrace.Runtime.Checkpointing;

namespace Millrace.StateProcessing;

/// <summary>Why a savepoint cannot be read or written as it was asked for.</summary>
internal static class StateProcessingErrors
{
    public const string Unknown = "MR4301";
    public const string Backend = "MR4302";
    public const string Writing = "MR4303";

    public static MillraceException NoOperator(CheckpointManifest manifest, string uid) =>
        new(Unknown, $"There is no operator with uid '{uid}' in {Of(manifest)}. There are: {string.Join(", ", manifest.Operators.Select(op => $"'{op.Uid}' ({op.Name})"))}.");

    public static MillraceException NoState(string uid, string state, IEnumerable<string> known) =>
        new(Unknown, $"Operator '{uid}' has no state '{state}' in the savepoint. It has: {(known.Any() ? string.Join(", ", known.Select(name => $"'{name}'")) : "none")}.");

    public static MillraceException NeedsBackend(string uid, string format, string? given) =>
        new(
            Backend,
            $"The keyed state of operator '{uid}' is in the format of the state backend '{format}'"
            + (given is null ? "" : $", and the one that was given is '{given}'")
            + $". Open the savepoint with the state backend '{format}', or take a savepoint in the canonical format.");

    public static MillraceException InFlight(CheckpointManifest manifest) =>
        new(Writing, $"{Of(manifest)} has records in flight in {manifest.InFlight.Count} channel(s), which cannot be written anew. Take a savepoint of the job, which has none, and change that.");

    public static MillraceException Twice(string uid, string state, string key) =>
        new(Writing, $"State '{state}' of operator '{uid}' was given {key} twice. Give each key (or timer) once.");

    public static MillraceException Null(string uid, string state, string what) =>
        new(Writing, $"State '{state}' of operator '{uid}' was given {what} that is null. Leave it out, or give it a value.");

    public static MillraceException UidTaken(string uid, string name) =>
        new(Writing, $"Uid '{uid}' is taken by operator '{name}'. Choose another, or remove that operator before.");

    public static MillraceException NameTaken(string uid, string state) =>
        new(Writing, $"State '{state}' of operator '{uid}' is written twice. Give all its entries at once.");

    public static MillraceException MaxParallelism(string uid, int has, int asked) =>
        new(Writing, $"Operator '{uid}' has {has} key groups in the savepoint, and {asked} are asked for. They cannot change: remove the operator before it is written anew.");

    public static string Of(CheckpointManifest manifest) => $"{(manifest.Kind == SnapshotKind.Checkpoint ? "checkpoint" : "savepoint")} {manifest.CheckpointId} of job '{manifest.JobName}'";
}
