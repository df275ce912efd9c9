namespace Millrace.Cluster.Session;

/// <summary>The errors of submitted programs and jobs, in one place, so that their codes and words stay of a piece.</summary>
internal static class SessionErrors
{
    public static MillraceException Refused(string problem, Exception? cause = null) => new("MR6022", $"The program was refused: {problem}", cause);

    public static MillraceException UnknownProgram(string id) => new(
        "MR6023", $"There is no program '{id}' in the storage of this cluster. Upload it first; its id is the SHA-256 of its content.");

    public static MillraceException InUse(string id, IReadOnlyList<string> jobs) => new(
        "MR6024", $"The program '{id}' cannot be deleted, since jobs that have not ended run it: {string.Join(", ", jobs.Select(job => $"'{job}'"))}. Cancel them first.");

    public static MillraceException NameTaken(string job, string why) => new("MR6025", $"A job cannot be submitted as '{job}': {why}");

    public static MillraceException CannotMake(string problem, Exception? cause = null) => new("MR6026", $"The job cannot be made from the program: {problem}", cause);

    public static MillraceException Damaged(string id, string found) => new(
        "MR6027", $"What the storage has as program '{id}' is not that: its SHA-256 is {found}. It is not run. Delete it and upload the program again.");
}
