using Millrace.Runtime.Coordination.Scheduling;

namespace Millrace.Runtime.Clustering;

/// <summary>The errors of coordinators and workers, in one place, so that their codes and words stay of a piece.</summary>
internal static class ClusterErrors
{
    /// <summary>The code of <see cref="SlotsTaken"/>, by which a coordinator knows that it lacks room and that nothing has failed.</summary>
    public const string SlotsTakenCode = "MR6209";

    public static MillraceException WorkerLost(WorkerInfo worker, Exception cause) => new(
        "MR6201", $"Worker {worker} is lost, and with it the subtasks that ran there: {cause.Message}", cause);

    public static MillraceException TooFewSlots(string job, string reason) => new("MR6203", $"Job '{job}' has not got its slots. {reason}");

    public static MillraceException DifferentGraph(string job, WorkerInfo worker, string difference) => new(
        "MR6204",
        $"Worker {worker} refuses job '{job}', because the graph that it builds is another one than the coordinator's: {difference}. All workers must run the same program with the same configuration; deploy it to all of them.");

    public static MillraceException Superseded(string job, long term, long newer) => new(
        "MR6205", $"The coordinator of job '{job}' with term {term} is over: one with term {newer} leads.");

    public static MillraceException JobEnded(string job) => new("MR6206", $"The coordinator of job '{job}' has ended.");

    public static MillraceException UnknownJob(string job, IReadOnlyList<string> known) => new(
        "MR6207", $"This worker has no job called '{job}'; it has {(known.Count == 0 ? "none" : string.Join(", ", known.Select(name => $"'{name}'")))}. All workers must run the same program.");

    public static MillraceException NoPrograms() => new(
        "MR6021", "Programs cannot be submitted to this worker, nor run on it: Millrace:Cluster:Session:Enabled is false. Whoever may submit one runs code on the workers; set it to true on all of them where that is wanted.");

    public static MillraceException WrongBounds(string problem) => new("MR6010", problem);

    public static MillraceException NotForCluster(string job, string problem) => new(
        "MR6208", $"Job '{job}' cannot run on several workers: {problem}");

    public static MillraceException SlotsTaken(WorkerInfo worker, string job, int slots, IReadOnlyList<(string Job, int Slots)> others) => new(
        SlotsTakenCode,
        $"Worker {worker} refuses subtasks of job '{job}' that need {Text.Count(slots, "slot")}: it offers {Text.Number(worker.Slots)}, and {(others.Count == 0 ? "no other job is in them" : $"in use are {string.Join(", ", others.Select(other => $"{Text.Number(other.Slots)} by job '{other.Job}'"))}")}.");
}
