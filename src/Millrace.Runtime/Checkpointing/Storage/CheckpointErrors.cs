namespace Millrace.Runtime.Checkpointing.Storage;

/// <summary>The errors of stored checkpoints, in one place, so that their codes and words stay of a piece.</summary>
internal static class CheckpointErrors
{
    public const string Damage = "MR4201";
    public const string LaterVersion = "MR4202";
    public const string Missing = "MR4203";
    public const string Fenced = "MR4204";
    public const string Taken = "MR4205";
    public const string DamagedLog = "MR4206";
    public const string InUse = "MR4207";
    public const string NoneUsable = "MR4208";

    public static MillraceException Damaged(string file, string what, Exception? cause = null) =>
        new(Damage, $"{file} is damaged: {what}. Restore from another checkpoint or savepoint.", cause);

    public static MillraceException NothingUsable(string job, int count, string storage) => new(
        NoneUsable,
        $"None of the {count} checkpoint(s) that job '{job}' has in {storage} can be used; the log says why. To begin anew or from a savepoint would repeat what was committed since, so the job does not do it "
        + "by itself: mend the files, or start it with RestoreLatest = false and, where there is a savepoint, RestoreFrom.");

    public static MillraceException NoSavepointOfStop(string job, string path, string why, Exception? cause = null) => new(
        NoneUsable,
        $"Job '{job}' was stopped with savepoint '{path}' and goes on from it, but it cannot be used: {why} To begin anew would repeat what was committed, so the job does not do it by itself: where it was moved, start it with RestoreFrom; "
        + "otherwise decide what to go on from, with RestoreLatest = false and, where there is a savepoint, RestoreFrom.",
        cause);

    public static MillraceException BeginningUnusable(string job, string path, string damage) => new(
        NoneUsable, $"'{path}', which job '{job}' was started from, is damaged, and there is no checkpoint since then. {damage}");

    public static MillraceException TooNew(string file, int version, int known) =>
        new(LaterVersion, $"{file} has format version {version}, and this program reads versions up to {known}: a later version of Millrace wrote it. Restore it with that version.");

    public static MillraceException NoSavepoint(string path, string storage, IReadOnlyList<string> nearby) =>
        new(Missing, $"There is no savepoint or checkpoint '{path}' in {storage}. " + (nearby.Count == 0 ? "There is none at all in it." : $"There are: {string.Join(", ", nearby)}."));

    public static CheckpointFencedException Superseded(string job, long epoch, string storage) =>
        new($"Epoch {epoch} of job '{job}' is over: another run of the job has begun with the same checkpoints in {storage}. Start a job once at a time, or give the other start another JobId.");

    public static MillraceException FolderTaken(string folder, string why) =>
        new(Taken, $"A savepoint cannot be written to '{folder}': {why}. Choose another folder.");

    public static MillraceException LogDamaged(string file, string what, Exception? cause = null) =>
        new(DamagedLog, $"{file}, which says what was completed last, is damaged: {what}. Start the job under another JobId, with RestoreFrom set to the checkpoint or savepoint that it is to go on from.", cause);

    public static MillraceException CannotClaim(string path, string why) => new(InUse, $"'{path}' is not claimed: {why}. Restore it with ClaimMode.NoClaim.");

    public static MillraceException CannotDispose(string path, string why) => new(InUse, $"'{path}' is not deleted: {why}.");
}
