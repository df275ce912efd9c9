using System.Globalization;
using Millrace.Runtime.Tasks;

namespace Millrace.Runtime.Checkpointing;

/// <summary>The errors of taking checkpoints, in one place, so that their codes and words stay of a piece.</summary>
internal static class CheckpointErrors
{
    public const string TooManyFailures = "MR3101";
    public const string NotTaken = "MR3102";
    public const string Refused = "MR3103";
    public const string NotStopped = "MR3104";

    public static MillraceException TooMany(int failures, int tolerable, Exception last) =>
        new(
            TooManyFailures,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{failures} checkpoint{(failures == 1 ? "" : "s")} failed in a row, and CheckpointOptions.TolerableFailures is {tolerable}. The last: {last.Message}"),
            last);

    public static MillraceException Declined(string what, SubtaskId subtask, Exception cause) =>
        new(NotTaken, $"{what} failed in subtask {subtask.Index} of task {subtask.Vertex}: {cause.Message}", cause);

    public static MillraceException Expired(string what, TimeSpan timeout, int missing, SubtaskId first) =>
        new(
            NotTaken,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what} was not complete after {timeout}. {missing} subtask{(missing == 1 ? " has" : "s have")} not acknowledged, among them {first.Index} of task {first.Vertex}. Look at what holds them up, or raise CheckpointOptions.Timeout."));

    public static MillraceException WaitedForStorage(string what, TimeSpan timeout) =>
        new(NotTaken, $"{what} was not complete after {timeout}: all subtasks have acknowledged, but the storage is busy with another one.");

    public static MillraceException StorageIsSilent(string what, TimeSpan timeout) =>
        new(
            NotTaken,
            $"{what} is being stored, and the storage has not answered for {timeout}. Whether it is complete is not known before it does, and no other can be stored. Look at the storage, or raise CheckpointOptions.Timeout.");

    public static MillraceException NotStored(string what, Exception cause) => new(NotTaken, $"{what} could not be written: {cause.Message}", cause);

    public static MillraceException Subsumed(string what, long by) => new(NotTaken, string.Create(CultureInfo.InvariantCulture, $"{what} was overtaken by checkpoint {by}, which is complete."));

    public static MillraceException SubtaskFinished(string what, SubtaskId subtask) =>
        new(NotTaken, $"{what} was given up: subtask {subtask.Index} of task {subtask.Vertex} came to its end before it had taken part.");

    public static MillraceException Stopped(string what, Exception reason) => new(NotTaken, $"{what} was given up: {reason.Message}", reason);

    public static MillraceException StopComplete(string what) => new(NotTaken, $"{what} was given up, because the job has been stopped with a savepoint.");

    public static MillraceException Refuse(string why) => new(Refused, $"No checkpoint or savepoint can be taken: {why}");

    public static MillraceException DrainFailed(Exception cause) =>
        new(NotStopped, $"The sources have ended their input for a savepoint that failed, so the job starts again from its latest checkpoint. {cause.Message}", cause);

    public static MillraceException FailedWhileStopping(string? path, Exception cause) =>
        new(NotStopped, $"The savepoint is complete{(path is null ? "" : $" ({path})")}, but the job failed before it was stopped with it: {cause.Message}", cause);
}
