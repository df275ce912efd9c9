using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Hosting;

namespace Millrace.Rest;

/// <summary>Jobs over HTTP: those that were submitted, and the workers' own.</summary>
internal static class JobEndpoints
{
    public static async Task OverviewAsync(HttpContext context)
    {
        var jobs = await AllAsync(context).ConfigureAwait(false);
        var cluster = context.RequestServices.GetRequiredService<IMillraceCluster>();
        var overviews = await Task.WhenAll(jobs.Select(async job =>
        {
            var status = await StatusAsync(cluster, job.Name, context.RequestAborted).ConfigureAwait(false);
            return new JobOverview(job.Id, job.Name, status is null ? "UNKNOWN" : StateOf(status.State))
            {
                StartTime = Milliseconds(job.Submitted?.SubmittedAt),
                EndTime = Milliseconds(job.Submitted?.EndedAt),
                Duration = DurationOf(context, job.Submitted),
                Tasks = status is null ? null : CountsOf(status),
            };
        })).ConfigureAwait(false);
        await RestJson.WriteAsync(context, new JobsResponse(overviews), RestJson.Default.JobsResponse).ConfigureAwait(false);
    }

    public static async Task GetAsync(HttpContext context)
    {
        var job = await FindAsync(context).ConfigureAwait(false);
        var status = await context.RequestServices.GetRequiredService<IMillraceCluster>().GetStatusAsync(job.Name, context.RequestAborted).ConfigureAwait(false);
        var response = new JobResponse(job.Id, job.Name, StateOf(status.State))
        {
            StartTime = Milliseconds(job.Submitted?.SubmittedAt),
            EndTime = Milliseconds(job.Submitted?.EndedAt),
            Duration = DurationOf(context, job.Submitted),
            Now = TimeOf(context).ToUnixTimeMilliseconds(),
            Vertices = [.. status.Tasks.Select(static task => new JobVertexResponse(task.Name, task.Parallelism))],
            StatusCounts = CountsOf(status),
            Program = job.Submitted?.Program,
            Waiting = status.Waiting,
            LastFailure = status.LastFailure,
            LastCheckpoint = status.LastCheckpoint,
            Term = status.Term,
        };
        await RestJson.WriteAsync(context, response, RestJson.Default.JobResponse).ConfigureAwait(false);
    }

    public static async Task CancelAsync(HttpContext context)
    {
        if (context.Request.Query["mode"].ToString() is { Length: > 0 } mode && mode != "cancel")
        {
            throw new BadHttpRequestException($"The mode '{mode}' is not known; expected is 'cancel'.");
        }

        var job = await FindAsync(context).ConfigureAwait(false);
        await context.RequestServices.GetRequiredService<IMillraceCluster>().CancelAsync(job.Name, context.RequestAborted).ConfigureAwait(false);
        await RestJson.WriteAsync(context, new EmptyResponse(), RestJson.Default.EmptyResponse, StatusCodes.Status202Accepted).ConfigureAwait(false);
    }

    public static async Task DeleteAsync(HttpContext context)
    {
        var job = await FindAsync(context).ConfigureAwait(false);
        await context.RequestServices.GetRequiredService<IMillraceSession>().DeleteJobAsync(job.Name, context.RequestAborted).ConfigureAwait(false);
        await RestJson.WriteAsync(context, new EmptyResponse(), RestJson.Default.EmptyResponse).ConfigureAwait(false);
    }

    /// <summary>The name of the job that a path has by its name or id.</summary>
    public static async Task<string> NameAsync(HttpContext context) => (await FindAsync(context).ConfigureAwait(false)).Name;

    private static async Task<ListedJob> FindAsync(HttpContext context)
    {
        string wanted = context.GetRouteValue("job")?.ToString() ?? "";
        var jobs = await AllAsync(context).ConfigureAwait(false);
        return jobs.FirstOrDefault(job => job.Id == wanted) ?? jobs.FirstOrDefault(job => string.Equals(job.Name, wanted, StringComparison.OrdinalIgnoreCase))
            ?? throw new KeyNotFoundException($"There is no job '{wanted}' in this cluster.");
    }

    private static async Task<IReadOnlyList<ListedJob>> AllAsync(HttpContext context)
    {
        var session = context.RequestServices.GetRequiredService<IMillraceSession>();
        var submitted = session.IsEnabled ? await session.ListJobsAsync(context.RequestAborted).ConfigureAwait(false) : [];
        var names = submitted.Select(static job => job.Name).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. context.RequestServices.GetRequiredService<IMillraceCluster>().Jobs.Where(name => !names.Contains(name)).Select(static name => new ListedJob(IdOf(name), name, null)),
            .. submitted.Select(static job => new ListedJob(job.Id, job.Name, job)),
        ];
    }

    // Clients of Flink expect 32 digits; the workers' own jobs have names alone.
    private static string IdOf(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));

    // One coordinator that does not answer does not hide the other jobs.
    private static async Task<ClusterJobStatus?> StatusAsync(IMillraceCluster cluster, string job, CancellationToken cancellationToken)
    {
        try
        {
            return await cluster.GetStatusAsync(job, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is MillraceException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static string StateOf(JobState state) => state.ToString().ToUpperInvariant();

    private static Dictionary<string, int> CountsOf(ClusterJobStatus status) => status.Subtasks.GroupBy(static subtask => subtask.State.ToUpperInvariant()).ToDictionary(static group => group.Key, static group => group.Count());

    private static long Milliseconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds() ?? -1;

    private static long DurationOf(HttpContext context, SubmittedJob? job) => job is null ? -1 : (long)((job.EndedAt ?? TimeOf(context)) - job.SubmittedAt).TotalMilliseconds;

    private static DateTimeOffset TimeOf(HttpContext context) => context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();

    private sealed record ListedJob(string Id, string Name, SubmittedJob? Submitted);
}
